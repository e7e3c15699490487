import type { Assignment } from '../core/hand-over/assign.ts';
import { isSilent } from '../core/hand-over/verdict.ts';
import type { Event, Ports } from '../core/ports.ts';
import { isHeld } from '../core/shards/held.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { event } from './events.ts';

/**
 * Slots get a holder: by the tick (slots.ts), and as soon as a slice has come into its shard. Each is one conditional
 * write on the slot as it was seen, so that both may do it at once, and repeat it.
 */

type Giving = Pick<Ports, 'clock' | 'store' | 'slots' | 'events'>;

/**
 * A slice has come into its shard: what nobody holds it gets at once, so that a new shard need not wait for the tick.
 * Others that come a moment later get their part by a hand-over (slots.ts evens out). Where its agent is silent, the
 * tick finds somebody else.
 * @param count slots of the shard
 */
export async function giveFreeSlots(
  ports: Giving & Pick<Ports, 'agents'>,
  shard: string,
  count: number,
  slice: string,
): Promise<void> {
  const free = (await ports.slots.read(shard, count)).filter(({ holder }) => holder === undefined);
  if (free.length === 0) return;
  const agent = await ports.agents.get(parseSliceId(slice).instance);
  if (isSilent(agent, ports.clock.now()) || agent?.noticeAt !== undefined) return;
  await giveSlots(
    ports,
    shard,
    free.map((seen) => ({ seen, to: slice })),
  );
}

/** One after the other: all slots of a shard are in one item. What somebody else has passed on meanwhile is left. */
export async function giveSlots(ports: Giving, shard: string, give: Assignment['give']): Promise<void> {
  const lost = new Map<string, { slice?: string; slots: number[]; why: string }>();
  const leaves = new Map<string, boolean>();
  for (const { seen, to, lost: why } of give) {
    // A move may have taken hold of it since it was looked at: what it got now would leave the shard with it.
    if (!leaves.has(to)) leaves.set(to, !(await staysIn(ports, shard, to)));
    if (leaves.get(to)) continue;
    const { ok } = await ports.slots.pass(shard, seen, to);
    // Nobody ever held it: there is nothing that could be lost.
    if (!ok || seen.epoch === 0) continue;
    const { holder = '' } = seen;
    const its = lost.get(holder) ?? { slots: [], why: why ?? 'it was given back' };
    if (holder !== '') its.slice = holder;
    its.slots.push(seen.slot);
    lost.set(holder, its);
  }
  const at = ports.clock.now();
  const events: Event[] = [...lost.values()].map((its) => event('SlotStateLost', at, { shard, ...its }));
  if (events.length > 0) await ports.events.publish(events);
}

async function staysIn({ store, clock }: Giving, shard: string, slice: string): Promise<boolean> {
  const item = await store.get(slice);
  if (item === undefined || isHeld(item, clock.now())) return false;
  return item.placement.kind === 'active' && item.placement.shard === shard;
}
