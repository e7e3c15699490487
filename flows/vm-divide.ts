import type { StoredSlice } from '../core/ports.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId, sliceId } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { VmRefused } from '../core/vm/refused.ts';
import type { VmInstance } from '../core/vm/shard.ts';
import type { VmParts } from './vm-parts.ts';

const HOLD: Seconds = MINUTE;

/**
 * Writes the VM shards of an instance, and has a slice for each. What was divided into equal parts before must be free:
 * its slices are held meanwhile, so that the plan gives none of them away, and then end. What is killed half-way is put
 * right by reconciliation.
 * @returns false: somebody else wrote first
 * @throws {VmRefused} when a slice that would end is in use.
 */
export async function divide(
  { ports, vms }: VmParts,
  next: VmInstance,
  before: VmInstance | undefined,
): Promise<boolean> {
  const { store, clock } = ports;
  const { instanceID } = next;
  const equal = before === undefined || before.shards.length === 0;
  const all = equal ? await store.slices() : [];
  const there = all.filter(({ slice }) => parseSliceId(slice).instance === instanceID);
  const holder = `vm/${instanceID}/${next.version}`;
  const held: StoredSlice[] = [];
  try {
    for (const one of there) {
      const claimed = await store.claim(one.slice, one.version, holder, clock.now() + HOLD);
      const seen = claimed.ok ? claimed.slice : claimed.seen;
      if (claimed.ok) held.push(claimed.slice);
      if (claimed.ok && claimed.slice.placement.kind === 'ready') continue;
      const owner = seen && ownerOf(seen.placement);
      const value = `${one.slice}, ${owner ? `${seen?.placement.kind} for ${owner}` : 'held by a workflow'}`;
      throw new VmRefused([{ field: 'instanceID', bound: 'an instance whose slices are all ready', value }]);
    }
    if (!(await vms.put(next))) return false;
    const wanted = new Set(next.shards.map(({ port }) => sliceId(instanceID, port)));
    for (const { slice } of held) if (!wanted.has(slice)) await store.remove(slice);
    for (const slice of wanted) await store.add(slice, clock.now());
    return true;
  } finally {
    for (const { slice } of held) await store.release(slice, holder);
  }
}
