import type { Seconds } from '../time.ts';

/** What a copy in rounds is up against. */
export interface CopyTask {
  readonly stateBytes: number;
  readonly dirtyBytesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Seconds that quiescing, verifying, importing and passing the slots take besides the final delta. */
  readonly fixedPause: Seconds;
}

export interface CopyForecast {
  /** Until the pre-copy has come as far as it gets. */
  readonly precopy: Seconds;
  /** From the last answer of the old holder to the first of the new one. */
  readonly pause: Seconds;
  /** Rounds of pre-copy. */
  readonly rounds: number;
  /** Changes come faster than the link carries them: rounds do not help. */
  readonly outrun: boolean;
}

/** A round that gains less than this share on the one before is the last. */
const GAIN = 0.7;
const MOST_ROUNDS = 30;
/** A final delta that takes less than this is not worth another round. */
const SHORT: Seconds = 0.1;

/**
 * How long a copy in rounds takes, and the pause at its end: each round sends what changed during the one before.
 * @throws {RangeError} when the link carries nothing.
 */
export function predictCopy({
  stateBytes,
  dirtyBytesPerSecond,
  bytesPerSecond,
  fixedPause,
}: CopyTask): CopyForecast {
  if (!(bytesPerSecond > 0))
    throw new RangeError(`bytesPerSecond: expected more than 0, got ${bytesPerSecond}`);
  const outrun = isOutrun({ dirtyBytesPerSecond, bytesPerSecond });
  let left = stateBytes;
  let precopy = 0;
  let rounds = 0;
  while (rounds < MOST_ROUNDS && left / bytesPerSecond > SHORT) {
    const takes = left / bytesPerSecond;
    const dirty = Math.min(stateBytes, dirtyBytesPerSecond * takes);
    precopy += takes;
    rounds += 1;
    const gained = dirty < GAIN * left;
    left = dirty;
    if (!gained) break;
  }
  return { precopy, pause: fixedPause + left / bytesPerSecond, rounds, outrun };
}

/** How far a copy in rounds has come. */
export interface CopyStanding {
  /** What changed since the last round was read; of the state, before its first round. */
  readonly leftBytes: number;
  readonly stateBytes: number;
  readonly dirtyBytesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly fixedPause: Seconds;
  /** Rounds so far, and what the last two brought. */
  readonly rounds: number;
  readonly lastBytes: number;
  readonly bytesBefore: number;
  /** Whether to switch as soon as it is good enough. */
  readonly go: boolean;
  readonly now: Seconds;
  readonly deadline: Seconds | undefined;
}

/**
 * - `round`: another one, as each leaves less than the one before.
 * - `keep`: good enough; nobody has said to switch.
 * - `switch`: quiesce now; what is left goes during the pause.
 * - `deadline`: it takes too long, quiesced or not; nothing was interrupted yet.
 */
export type CopyStep = 'round' | 'keep' | 'switch' | 'deadline';

/** Seconds before the deadline at which the slots must have been passed: the source may end a little early. */
const SPARE: Seconds = 2;

/** What comes after a round. */
export function nextStep(at: CopyStanding): CopyStep {
  const rest = at.leftBytes / at.bytesPerSecond;
  const gains = at.rounds < 2 || at.lastBytes < GAIN * at.bytesBefore;
  const helps = rest > SHORT && gains && at.rounds < MOST_ROUNDS;
  if (!at.go) return helps ? 'round' : 'keep';
  const end = (at.deadline ?? Number.POSITIVE_INFINITY) - SPARE;
  if (at.now + at.fixedPause + rest > end) return 'deadline';
  const after = Math.min(at.stateBytes, at.dirtyBytesPerSecond * rest) / at.bytesPerSecond;
  return helps && after < rest && at.now + rest + after + at.fixedPause <= end ? 'round' : 'switch';
}

/**
 * What comes while a round is under way that began `elapsed` seconds ago and has `leftBytes` to go: mostly that it goes on.
 * `switch`: quiescing in the midst of it saves what would change until its end, and only that fits before the deadline.
 */
export function stepWithin(at: CopyStanding, elapsed: Seconds): 'round' | 'switch' | 'deadline' {
  if (!at.go || at.deadline === undefined) return 'round';
  const rest = at.leftBytes / at.bytesPerSecond;
  const delta = (seconds: Seconds) =>
    Math.min(at.stateBytes, at.dirtyBytesPerSecond * seconds) / at.bytesPerSecond;
  const spare = at.deadline - SPARE - at.now - at.fixedPause - rest;
  if (delta(elapsed + rest) <= spare) return 'round';
  return delta(elapsed) <= spare ? 'switch' : 'deadline';
}

/** From the last answer of the old holder to the first of the new one, if it were switched now. */
export const predictPause = (at: CopyStanding): Seconds => at.fixedPause + at.leftBytes / at.bytesPerSecond;

/** Changes come so fast that rounds do not help. */
export const isOutrun = (at: Pick<CopyStanding, 'dirtyBytesPerSecond' | 'bytesPerSecond'>): boolean =>
  at.dirtyBytesPerSecond >= GAIN * at.bytesPerSecond;
