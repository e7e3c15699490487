import type { HandOver } from '../core/hand-over/record.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { type Departing, type HandOverWorld, slotsOf, targetsOf } from './hand-over.ts';

/**
 * AWS recommends to leave the instance: what has a reserve is copied beforehand, so that only what changes meanwhile is
 * left at the notice. Without one the plan finds a reserve, and the agent begins when it is told of it.
 * @returns the hand-overs that are under way
 */
export async function preCopy(world: HandOverWorld, instance: string): Promise<readonly HandOver[]> {
  const { ports } = world;
  const all = await ports.store.slices();
  const here = all.filter(({ slice }) => parseSliceId(slice).instance === instance);
  const begun: HandOver[] = [];
  for (const { slice, placement } of here) {
    if (placement.kind !== 'active') continue;
    const { shard } = placement;
    const leaving: Departing = { slice, shard, cause: 'rebalance', by: Number.POSITIVE_INFINITY };
    const slots = await slotsOf(world, leaving);
    const wanted = slots?.filter(({ holder }) => holder === slice);
    if (slots === undefined || wanted === undefined || wanted.length === 0) continue;
    for (const target of await targetsOf(world, leaving, slots, wanted, ['reserved'])) {
      const result = await ports.handOvers.open({
        shard,
        source: slice,
        target: target.slice,
        slots: wanted.map(({ slot, epoch }) => ({ slot, epoch })),
        cause: 'rebalance',
        at: ports.clock.now(),
        go: false,
      });
      if (result.outcome === 'taken') continue;
      await ports.agents.order(slice, { handOver: result.handOver.id });
      begun.push(result.handOver);
      break;
    }
  }
  return begun;
}
