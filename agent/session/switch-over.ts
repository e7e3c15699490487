import { type HandOverProgress, isOver } from '../../core/hand-over/record.ts';
import type { Seconds } from '../../core/time.ts';
import type { Copy } from '../transfer/types.ts';
import type { KnownRecord } from './known-record.ts';
import type { SessionParts } from './parts.ts';
import { within } from './persist.ts';
import { checkRun } from './restarted.ts';
import type { SliceRuntime } from './runtime.ts';
import { settle } from './settle.ts';

/** A hand-over that was called off. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export interface SwitchTask {
  readonly record: KnownRecord;
  readonly runtime: SliceRuntime;
  readonly copy: Copy;
  readonly progress: HandOverProgress;
  /** Aborted when the agent ends. */
  readonly end: AbortSignal;
}

/** For requests that are at the application when new ones are held already. */
const DRAIN: Seconds = 0.25;
/** For answers that the application gave before it was quiet, and that are on their way. */
const LAST_ANSWERS: Seconds = 0.05;
const QUIESCE: Seconds = 10;
/** Of the last changes: so many times what was predicted, at least so long. */
const PATIENCE = 10;
const LEAST_PATIENCE: Seconds = 30;

/**
 * From the last round to slots that are served by the target.
 * @returns whether it came so far that slots were passed; false: nothing was, and `record.problem` says why.
 * @throws the reason of `end`, and nothing else
 */
export async function switchOver(parts: SessionParts, task: SwitchTask): Promise<boolean> {
  const { clock } = parts;
  const { record, runtime, copy, progress, end } = task;
  const { table, app } = runtime;
  const slots = record.seen.slots.map(({ slot }) => slot);
  table.control(slots, true);
  if (!(await record.advance({ phase: 'switching', progress }, 'switching', end))) {
    record.problem = 'it was ended by somebody else';
    return false;
  }
  const began = clock.monotonic();
  try {
    table.hold(slots);
    await drain(parts, task, slots, DRAIN);
    await within(parts, QUIESCE, 'quiesce', end, (signal) => app.quiesce(slots, signal));
    await drain(parts, task, slots, LAST_ANSWERS);
    table.seal(slots);
    const patience = Math.max(LEAST_PATIENCE, PATIENCE * progress.predictedPause);
    await within(parts, patience, 'the last changes', end, (signal) => copy.finish(app.state, slots, signal));
    // What was read last may be of one that had begun with nothing.
    await checkRun(parts, runtime, end);
    if (isOver(await record.read())) throw new Stopped('it was ended by somebody else');
  } catch (error) {
    end.throwIfAborted();
    record.problem = error instanceof Error ? error.message : String(error);
    return false;
  }
  return settle(parts, { record, runtime, copy, end, began });
}

async function drain(
  { clock }: SessionParts,
  { runtime, end }: SwitchTask,
  slots: readonly number[],
  seconds: Seconds,
): Promise<void> {
  if (runtime.table.inFlight(slots) === 0) return;
  const late = new AbortController();
  const cancel = clock.after(seconds, () => late.abort());
  try {
    await runtime.table.drained(slots, AbortSignal.any([late.signal, end]));
  } catch (error) {
    end.throwIfAborted();
    // What is still there is fenced by the seal.
    if (!late.signal.aborted) throw error;
  } finally {
    cancel();
  }
}
