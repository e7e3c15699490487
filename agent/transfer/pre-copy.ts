import {
  type CopyStanding,
  isOutrun,
  nextStep,
  predictPause,
  stepWithin,
} from '../../core/hand-over/predict.ts';
import type { HandOverProgress } from '../../core/hand-over/record.ts';
import type { Seconds } from '../../core/time.ts';
import type { StateSource } from '../contract.ts';
import { CopyError } from './errors.ts';
import { Pace } from './pace.ts';
import type { Copy } from './types.ts';

export interface PreCopy {
  readonly copy: Copy;
  readonly source: StateSource;
  readonly slots: readonly number[];
  /** What the application says of these slots, or the settings; measured from the first rounds on. */
  readonly stateBytes: number;
  readonly dirtyBytesPerSecond: number;
  /** Seconds that the pause takes besides the final delta, as far as is known. */
  readonly fixedPause: Seconds;
  /** Whether to switch as soon as it is good enough; asked again and again. */
  readonly isGo: () => boolean;
  /** The source ends then (epoch seconds); asked again and again. */
  readonly deadline: () => Seconds | undefined;
  readonly now: () => Seconds;
  /** Waits that long at most, and shorter when `isGo` or `deadline` has changed. */
  readonly wait: (seconds: Seconds, signal: AbortSignal) => Promise<void>;
  /** After each round, and each second of a long one. Does not hold the copy up. */
  readonly onProgress: (progress: HandOverProgress) => void;
  readonly signal?: AbortSignal;
}

export interface PreCopied {
  /**
   * `switch`: quiesce and `finish` now; a round may still be under way, which `finish` waits for.
   * `deadline`: it would take too long; the copy is still open.
   */
  readonly outcome: 'switch' | 'deadline';
  readonly progress: HandOverProgress;
}

/** Until go is said, the copy is kept fresh with at most this share of the link… */
const SHARE = 0.2;
/** …by rounds that are so far apart at least and at most. */
const SHORTEST: Seconds = 1;
const LONGEST: Seconds = 10;
/** How often a round under way is looked at. */
const LOOK: Seconds = 1;

/**
 * Copies in rounds while the application serves, until it is good enough and the switch is asked for.
 * @throws {CopyError} what {@link Copy.round} throws
 */
export async function preCopy(task: PreCopy): Promise<PreCopied> {
  const pace = new Pace(task);
  for (;;) {
    const within = await oneRound(task, pace);
    const standing = standingOf(task, pace);
    const progress = progressOf(pace, standing);
    task.onProgress(progress);
    if (within !== 'round') return { outcome: within, progress };
    const step = nextStep(standing);
    if (step === 'switch' || step === 'deadline') return { outcome: step, progress };
    if (step === 'keep') {
      const pause = Math.min(LONGEST, Math.max(SHORTEST, pace.lastSeconds / SHARE));
      await task.wait(pause, task.signal ?? new AbortController().signal);
      if (task.signal?.aborted) throw new CopyError('aborted', String(task.signal.reason));
    }
  }
}

/** Runs a round, and looks at it meanwhile. */
async function oneRound(task: PreCopy, pace: Pace): Promise<'round' | 'switch' | 'deadline'> {
  const stop = new AbortController();
  const signal = task.signal === undefined ? stop.signal : AbortSignal.any([task.signal, stop.signal]);
  pace.begin(task.now());
  const over = new AbortController();
  const round = task.copy.round(task.source, task.slots, signal).finally(() => over.abort());
  const done = round.then(() => 'done' as const);
  // A round that is left under way is waited for by `finish`, which says how it ended.
  done.catch(() => undefined);
  for (;;) {
    const event = await Promise.race([done, task.wait(LOOK, over.signal).then(() => 'look' as const)]);
    if (event === 'done') break;
    if (over.signal.aborted) continue;
    pace.look(task.now());
    const standing = standingOf(task, pace);
    task.onProgress(progressOf(pace, standing));
    const step = pace.isSteady ? stepWithin(standing, pace.elapsed) : 'round';
    if (step === 'deadline') {
      stop.abort(new CopyError('aborted', 'the deadline does not allow the copy'));
      await done.catch(() => undefined);
    }
    if (step !== 'round') return step;
  }
  pace.end(await round, task.now());
  return 'round';
}

const standingOf = (task: PreCopy, pace: Pace): CopyStanding => ({
  ...pace.standing(),
  fixedPause: task.fixedPause + pace.overhead,
  go: task.isGo(),
  now: task.now(),
  deadline: task.deadline(),
});

const progressOf = (pace: Pace, standing: CopyStanding): HandOverProgress => ({
  at: standing.now,
  round: pace.round,
  copiedBytes: pace.copiedBytes,
  dirtyBytes: Math.round(standing.leftBytes),
  bytesPerSecond: Math.round(standing.bytesPerSecond),
  predictedPause: predictPause(standing),
  outrun: isOutrun(standing),
});
