import type { StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { parseSliceId, type Slice, shareOf, sliceIdsOf } from '../core/shards/slice.ts';

interface Joined {
  /** What it was made of. */
  readonly items: readonly StoredSlice[];
  readonly settings: Settings;
  readonly instance: Instance;
}

/**
 * Facts and stored slices are immutable, and from one tick to the next most of them are the same objects (in a
 * process that lives on): what was made of them before is used again. A memo only: it changes no answer.
 */
const memo = new WeakMap<Instance, Joined>();

/** The fleet's facts with the store's placements; an instance that carries none is passed on as it is. */
export function joinSlices(
  facts: readonly Instance[],
  stored: ReadonlyMap<string, StoredSlice>,
  settings: Settings,
): readonly Instance[] {
  return facts.map((fact) => {
    if (!('slices' in fact)) return fact;
    const before = memo.get(fact);
    const same =
      before?.settings === settings && before.items.every((item) => stored.get(item.slice) === item);
    if (same && before.items.length === settings.fleet.slicesPerInstance) return before.instance;

    const items = sliceIdsOf(fact.id, settings).flatMap((id) => stored.get(id) ?? []);
    const share = shareOf(fact.type, settings);
    const slices = items.map(
      ({ slice, placement }): Slice => ({ id: slice, ...parseSliceId(slice), share, placement }),
    );
    const instance = { ...fact, slices };
    memo.set(fact, { items, settings, instance });
    return instance;
  });
}
