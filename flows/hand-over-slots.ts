import { isOver } from '../core/hand-over/record.ts';
import type { TargetKind } from '../core/hand-over/targets.ts';
import type { Seconds } from '../core/time.ts';
import { type HandOverWorld, openHandOver } from './hand-over.ts';
import { awaitHandOver, redirectTraffic } from './hand-over-follow.ts';
import { holderOf } from './hand-over-target.ts';
import type { MoveInput } from './move-input.ts';

export type SlotsMoved =
  | {
      readonly outcome: 'again';
      /** Look again then. */
      readonly lookAt: Seconds;
      readonly lookStamp: string;
    }
  /** The slice holds no slots any more. */
  | { readonly outcome: 'handed-over' }
  | { readonly outcome: 'failed'; readonly step: 'hand-over'; readonly error: string };

/** A move takes a slice out of its shard, so others that serve the shard take its slots. */
const PEERS: readonly TargetKind[] = ['active'];

/**
 * One step of handing over what a slice holds before its move takes it out of its shard: to several others, one after the
 * other. Where the slice is copied already (AWS has recommended to leave its instance), that copy is used.
 */
export async function handOverSlots(world: HandOverWorld, input: MoveInput): Promise<SlotsMoved> {
  const { ports } = world;
  const { move, plannedAt, slots = 0, handOverBy = plannedAt } = input;
  const failed = (error: string): SlotsMoved => ({ outcome: 'failed', step: 'hand-over', error });
  if (move.from.kind !== 'active') return { outcome: 'handed-over' };
  const { shard } = move.from;
  const isHolder = (await ports.slots.read(shard, slots)).some(({ holder }) => holder === move.slice);
  const leaving = { slice: move.slice, shard, cause: 'planned', by: handOverBy } as const;

  const last = await ports.handOvers.get(move.slice);
  if (last !== undefined && isOver(last)) {
    if (last.phase === 'failed' && last.at >= plannedAt) return failed(last.error ?? 'no reason given');
    const target = await ports.store.get(last.target);
    if (target?.holder === holderOf(last)) {
      const redirected = await redirectTraffic(world, leaving, last);
      if (redirected.outcome === 'again') return redirected;
    }
  }
  if (!isHolder) return { outcome: 'handed-over' };
  const opened = await openHandOver(world, leaving, { failed: [] }, PEERS);
  if (opened.outcome === 'refused') return failed(opened.error);
  if (opened.outcome !== 'copying') return failed(`shard ${shard} has no state to copy any more`);
  const awaited = await awaitHandOver(world, leaving, opened);
  if (awaited.outcome === 'again') return awaited;
  if (awaited.outcome === 'failed') return failed(awaited.error);
  const redirected = await redirectTraffic(world, leaving, opened);
  return redirected.outcome === 'again' ? redirected : handOverSlots(world, input);
}
