import type { StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import {
  type Layouts,
  parseSliceId,
  type Slice,
  shareOf,
  sliceId,
  sliceIdsOf,
  weightOf,
} from '../core/shards/slice.ts';

interface Joined {
  /** What it was made of. */
  readonly items: readonly StoredSlice[];
  readonly settings: Settings;
  readonly instance: Instance;
}

type Stored = ReadonlyMap<string, StoredSlice>;

/**
 * Facts and stored slices are immutable, and from one tick to the next most of them are the same objects (in a
 * process that lives on): what was made of them before is used again. A memo only: it changes no answer.
 */
const memo = new WeakMap<Instance, Joined>();

/**
 * The fleet's facts with the store's placements; an instance that carries none is passed on as it is.
 * @param layouts instances that are divided into declared parts; the others are into equal ones
 */
export function joinSlices(
  facts: readonly Instance[],
  stored: Stored,
  settings: Settings,
  layouts?: Layouts,
): readonly Instance[] {
  return facts.map((fact) => {
    if (!('slices' in fact)) return fact;
    if (layouts?.has(fact.id)) return { ...fact, slices: declaredSlices(fact, stored, settings, layouts) };
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

/**
 * Slices that the plan leaves alone, as if a workflow held them: declared parts that are not to be planned. They bring no
 * capacity, and keep their instance from being given back.
 */
export function unplanned(layouts: Layouts | undefined): string[] {
  return [...(layouts ?? [])].flatMap(([id, parts]) =>
    parts.filter(({ use }) => use !== 'planned').map(({ port }) => sliceId(id, port)),
  );
}

function declaredSlices(
  { id, type }: Instance,
  stored: Stored,
  settings: Settings,
  layouts: Layouts,
): readonly Slice[] {
  const weight = weightOf(type, settings);
  return (layouts.get(id) ?? []).flatMap(({ port, part, use }) => {
    const slice = sliceId(id, port);
    const item = stored.get(slice);
    const share = use === 'planned' ? weight * part : 0;
    return item ? [{ id: slice, instance: id, port, share, placement: item.placement }] : [];
  });
}
