import { isOver } from '../../core/hand-over/record.ts';
import type { KnownRecord } from './known-record.ts';
import { letGo, tried } from './let-go.ts';
import type { SessionParts } from './parts.ts';
import { persist } from './persist.ts';
import type { SliceRuntime } from './runtime.ts';

export interface GiveBackTask {
  readonly record: KnownRecord;
  readonly runtime: SliceRuntime;
  readonly why: string;
  readonly end: AbortSignal;
}

/**
 * The hand-over did not happen: the source serves on.
 *
 * The record says so first. A target that has everything takes the slots when the source's lease is over; from then on it
 * does so no more, and what is acknowledged here cannot be lost to it.
 * @throws the reason of `end`, and nothing else
 */
export async function giveBack(
  parts: SessionParts,
  { record, runtime, why, end }: GiveBackTask,
): Promise<void> {
  const { table, app, keeper } = runtime;
  const wasSwitching = record.seen.phase === 'switching';
  if (!isOver(record.seen)) await record.advance({ phase: 'failed', error: why }, 'failed', end);
  const { slots, phase } = record.seen;
  if (phase === 'done') return letGo(parts, runtime, slots, end);
  // What it would go on with is gone.
  if (runtime.run.isLost) return;
  const numbers = slots.map(({ slot }) => slot);
  if (wasSwitching) await tried(parts, 'resume', () => app.resume(numbers), end);
  table.resume(numbers);
  table.control(numbers, false);
  // A slot that was held in another term of the lease is acquired anew, or found with somebody else.
  await persist(parts, `read who holds the slots of ${runtime.slice}`, () => keeper.refresh(), end);
}
