import type { TargetKind } from '../core/hand-over/targets.ts';
import type { Seconds } from '../core/time.ts';
import { type HandOverWorld, openHandOver } from './hand-over.ts';
import { awaitHandOver, type Ours, redirectTraffic } from './hand-over-follow.ts';
import type { MoveInput } from './move-input.ts';

/** The hand-over that is under way, as one step leaves it to the next. */
export interface SlotsMoving extends Ours {
  /** The target has the slots. */
  readonly redirects: boolean;
}

export type SlotsMoved =
  | {
      readonly outcome: 'again';
      /** Look again then. */
      readonly lookAt: Seconds;
      readonly lookStamp: string;
      readonly moving: SlotsMoving;
    }
  /** The slice holds no slots any more. */
  | { readonly outcome: 'handed-over' }
  | { readonly outcome: 'failed'; readonly step: 'hand-over'; readonly error: string };

/** A move takes a slice out of its shard, so others that serve the shard take its slots. */
const PEERS: readonly TargetKind[] = ['active'];

/**
 * One step of handing over what a slice holds before its move takes it out of its shard: to several others, one after the
 * other. Where the slice is copied already (AWS has recommended to leave its instance), that copy is used.
 * @param moving as the step before has left it
 */
export async function handOverSlots(
  world: HandOverWorld,
  input: MoveInput,
  moving?: SlotsMoving,
): Promise<SlotsMoved> {
  const { ports } = world;
  const { move, plannedAt, slots = 0, handOverBy = plannedAt } = input;
  const failed = (error: string): SlotsMoved => ({ outcome: 'failed', step: 'hand-over', error });
  if (move.from.kind !== 'active') return { outcome: 'handed-over' };
  const { shard } = move.from;
  const leaving = { slice: move.slice, shard, cause: 'planned', by: handOverBy } as const;

  let ours: Ours | undefined = moving;
  if (ours === undefined) {
    const held = await ports.slots.read(shard, slots);
    if (!held.some(({ holder }) => holder === move.slice)) return { outcome: 'handed-over' };
    const opened = await openHandOver(world, leaving, { failed: [] }, PEERS);
    if (opened.outcome === 'refused') return failed(opened.error);
    if (opened.outcome !== 'copying') return failed(`shard ${shard} has no state to copy any more`);
    const { id, target, slots: its } = opened;
    ours = { id, target, ...(its && { slots: its }) };
  }
  if (!moving?.redirects) {
    const awaited = await awaitHandOver(world, leaving, ours);
    if (awaited.outcome === 'failed') return failed(awaited.error);
    if (awaited.outcome === 'again') return { ...awaited, moving: { ...ours, redirects: false } };
  }
  const redirected = await redirectTraffic(world, leaving, ours);
  if (redirected.outcome === 'again') return { ...redirected, moving: { ...ours, redirects: true } };
  return handOverSlots(world, input);
}
