import type { StoredSlice } from '../ports.ts';
import { isHeld } from '../shards/held.ts';
import type { Instance } from '../shards/instance.ts';
import { parseSliceId } from '../shards/slice.ts';
import type { Seconds } from '../time.ts';
import type { AgentState } from './agents.ts';
import type { SlotHolder } from './slots.ts';

/** Which slices may take slots over, in the order in which they are asked. */
export type TargetKind = 'reserved' | 'ready' | 'active';

/** What a target is chosen from. */
export interface Choice {
  readonly shard: string;
  /** The slice that holds the slots, and its instance where it is still known. */
  readonly source: string;
  readonly kinds: readonly TargetKind[];
  /** All slots of the shard. */
  readonly slots: readonly SlotHolder[];
  /** Those to be handed over. */
  readonly wanted: readonly SlotHolder[];
  readonly slices: readonly StoredSlice[];
  readonly instances: readonly Instance[];
  readonly agents: readonly AgentState[];
}

export interface Target {
  readonly slice: string;
  readonly slots: readonly SlotHolder[];
}

/**
 * Who may take the slots over, best first. A reserve (or a ready slice, which nobody has asked for yet) takes all of
 * them; where only slices are left that serve the shard already, each takes what makes them even, and the caller asks
 * again for the rest.
 *
 * Only slices whose agent beats, on another instance that runs and that Spot does not want; in another pool first.
 */
export function targetsFor(choice: Choice, now: Seconds): readonly Target[] {
  const { shard, source, wanted, slices, instances, agents } = choice;
  const here = parseSliceId(source).instance;
  const beating = new Set(agents.filter((one) => isWell(one, now)).map(({ instance }) => instance));
  const running = new Map(instances.map((one) => [one.id, one]));
  const of = running.get(here);
  const free = slices.flatMap((item) => {
    const { instance: id } = parseSliceId(item.slice);
    const instance = running.get(id);
    if (id === here || instance?.state !== 'running' || instance.rebalanceAt !== undefined) return [];
    return beating.has(id) && !isHeld(item, now) ? [{ item, instance }] : [];
  });
  const rank = ({ item: { placement }, instance }: (typeof free)[number]) => [
    // A reserve of this shard alone first: one that it shares is left to the others.
    placement.kind === 'reserved' && placement.shard !== shard ? 1 : 0,
    placement.kind === 'reserved' && placement.also !== undefined ? 1 : 0,
    instance.group === 'spot' && instance.type === of?.type && instance.zone === of.zone ? 1 : 0,
    instance.zone === of?.zone ? 0 : 1,
  ];
  return choice.kinds.flatMap((kind) => {
    const those = free.filter(({ item }) => isFor(item, kind, shard));
    those.sort((a, b) => compare(rank(a), rank(b)) || (a.item.slice < b.item.slice ? -1 : 1));
    const ids = those.map(({ item }) => item.slice);
    return kind === 'active' ? evenly(choice, ids) : ids.map((slice) => ({ slice, slots: wanted }));
  });
}

const isWell = ({ leaseUntil, rebalanceAt, noticeAt }: AgentState, now: Seconds) =>
  leaseUntil > now && rebalanceAt === undefined && noticeAt === undefined;

function isFor({ placement }: StoredSlice, kind: TargetKind, shard: string): boolean {
  if (placement.kind !== kind) return false;
  if (placement.kind === 'reserved') return placement.shard === shard || !!placement.also?.includes(shard);
  return placement.kind === 'ready' || placement.shard === shard;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, one] of a.entries()) if (one !== b[i]) return one - (b[i] ?? 0);
  return 0;
}

/** Each slot to the one that has the fewest. Those that would get none are asked last, for all. */
function evenly({ slots, wanted }: Choice, ids: readonly string[]): readonly Target[] {
  const shares = new Map(ids.map((id) => [id, [] as SlotHolder[]]));
  const load = new Map(ids.map((id) => [id, slots.filter(({ holder }) => holder === id).length]));
  for (const slot of wanted) {
    const least = fewest(load);
    if (least === undefined) return [];
    load.set(least, (load.get(least) ?? 0) + 1);
    shares.get(least)?.push(slot);
  }
  return [...shares]
    .map(([slice, its]) => ({ slice, slots: its.length > 0 ? its : wanted }))
    .sort((a, b) => Number(a.slots === wanted) - Number(b.slots === wanted));
}

/** The key with the smallest count; of several, the first. */
export function fewest(load: ReadonlyMap<string, number>): string | undefined {
  let least: string | undefined;
  for (const [id, count] of load) if (least === undefined || count < (load.get(least) ?? 0)) least = id;
  return least;
}
