import type { SlotHolder } from '../core/hand-over/slots.ts';
import { isSilent } from '../core/hand-over/verdict.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId } from '../core/shards/slice.ts';

/**
 * Whether a slice has state of its shard that would be lost if it were taken out: it holds slots, and its agent beats.
 * The slots of a shard are read once, when they are first asked for.
 */
export function stateHolders(
  { slots, agents, clock }: Ports,
  settings: Settings,
): (item: StoredSlice) => Promise<boolean> {
  const read = new Map<string, Promise<readonly SlotHolder[]>>();
  return async ({ slice, placement }) => {
    const owner = ownerOf(placement);
    const its = settings.shards.find(({ name }) => name === owner)?.handOver;
    if (owner === undefined || its?.state !== 'copy') return false;
    const held = read.get(owner) ?? slots.read(owner, its.slots.count);
    read.set(owner, held);
    if (!(await held).some(({ holder }) => holder === slice)) return false;
    return !isSilent(await agents.get(parseSliceId(slice).instance), clock.now());
  };
}
