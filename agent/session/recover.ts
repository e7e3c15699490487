import { type HandOver, isOver } from '../../core/hand-over/record.ts';
import type { SessionParts } from './parts.ts';
import type { SliceRuntime } from './runtime.ts';

/**
 * What a restarted agent finds of a hand-over of its slice.
 * - `none`: nothing to do.
 * - `pass`: slots had been passed, so the target has everything: the rest follows, and the end.
 * - `fail`: nothing was passed. The slots are acquired anew, which keeps the target from taking them; then it is said. Not
 *   even one that has not begun can be carried out: the slots have other epochs now.
 */
export type Left = 'none' | 'pass' | 'fail';

/** @throws what the table throws */
export async function leftBehind(
  { maps }: Pick<SessionParts, 'maps'>,
  { shard, table }: Pick<SliceRuntime, 'shard' | 'table'>,
  handOver: HandOver | undefined,
): Promise<Left> {
  if (handOver === undefined || isOver(handOver) || handOver.shard !== shard) return 'none';
  if (handOver.phase !== 'switching') return 'fail';
  const map = await maps.read(shard, table.count);
  const isPassed = handOver.slots.some(
    ({ slot, epoch }) => (map[slot]?.epoch ?? 0) > epoch && map[slot]?.holder === handOver.target,
  );
  return isPassed ? 'pass' : 'fail';
}

/** The application may still serve slots that went to others while there was no agent. @param coming slots to leave alone */
export async function releaseStale(
  { log }: Pick<SessionParts, 'log'>,
  { slice, table, app }: SliceRuntime,
  coming: readonly number[],
): Promise<void> {
  try {
    const { slots } = await app.stats();
    for (const { slot } of slots) {
      if (slot >= table.count || coming.includes(slot)) continue;
      const { state, epoch, controlled } = table.look(slot);
      if (state === 'away' && !controlled) await app.release(slot, epoch);
    }
  } catch (error) {
    log.warn('stale-slots-not-released', { slice, error });
  }
}
