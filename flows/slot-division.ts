import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';

/** Slots that a shard may have at most: those of a larger count before are looked at, too. */
const MOST_SLOTS = 256;

interface Division {
  readonly shard: string;
  readonly field: 'count' | 'by';
  /** As JSON; undefined: was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Settings would divide the state of a shard in another way than it is divided. */
export class SlotsDivided extends Error {
  override readonly name = 'SlotsDivided';
}

/**
 * Keys go to slots by `handOver.slots`. Changed while the shard has state, part of its slices would divide the keys in
 * the old way and part in the new one, and keys be looked for where their state is not.
 * @param file name for the message
 * @throws {SlotsDivided} naming shard, field, both values, and the way out
 */
export async function refuseDivision(
  ports: Pick<Ports, 'slots' | 'store'>,
  before: Settings,
  after: Settings,
  file: string,
): Promise<void> {
  for (const { shard, field, before: was = 'none', after: is = 'none' } of divisionsOf(before, after)) {
    const [first, ...more] = await heldOf(ports, shard);
    if (first === undefined) continue;
    const others = more.length > 0 ? `, ${more.length} more are held` : '';
    throw new SlotsDivided(
      `${file}: shard ${shard}: handOver.slots.${field}: expected ${was}, by which its state is divided (slot ${first.slot} is held by ${first.holder}${others}), ` +
        `got ${is}; nothing is written. Set the old value. For other slots declare a new shard with them, lead the requests there, and take this one out of the settings`,
    );
  }
}

/** Shards whose keys would go to other slots: one slot has all keys, whatever names it. */
function divisionsOf(before: Settings, after: Settings): Division[] {
  const old = new Map(before.shards.map(({ name, handOver }) => [name, handOver.slots]));
  return after.shards.flatMap(({ name, handOver: { slots } }): Division[] => {
    const was = old.get(name);
    if (was === undefined || (was.count === 1 && slots.count === 1)) return [];
    return (['count', 'by'] as const).flatMap((field): Division[] => {
      const [a, b] = [JSON.stringify(was[field]), JSON.stringify(slots[field])];
      return a === b ? [] : [{ shard: name, field, before: a, after: b }];
    });
  });
}

/** Slots that a slice holds which is still there. */
async function heldOf({ slots, store }: Pick<Ports, 'slots' | 'store'>, shard: string) {
  const held = (await slots.read(shard, MOST_SLOTS)).filter(({ holder }) => holder !== undefined);
  if (held.length === 0) return [];
  const there = new Set((await store.slices()).map(({ slice }) => slice));
  return held.filter(({ holder }) => there.has(holder ?? ''));
}
