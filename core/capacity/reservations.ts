import { bindReserves } from '../interruption/bind.ts';
import { type Exposure, exposuresOf } from '../interruption/exposure.ts';
import { neededReserves, type ReserveNeed } from '../interruption/reserves.ts';
import { poolKey, type SpotPool } from '../interruption/risk.ts';
import type { Settings } from '../settings/schema.ts';
import type { Placement } from '../shards/placement.ts';
import type { Draft } from './draft.ts';
import type { Candidate, Host } from './fleet-index.ts';
import { type Leads, TICK } from './horizons.ts';
import type { FleetAction, KeptReserve, Snapshot } from './plan.ts';
import { ReservePlaces, reasonOf } from './reserve-places.ts';
import { unitsNeeded } from './reserve-size.ts';

/** What the plan does about reserves. */
export interface Reserving {
  readonly reserves: readonly KeptReserve[];
  readonly reserveFor: Readonly<Record<string, string>>;
  readonly actions: readonly FleetAction[];
  readonly started: { readonly steady: number; readonly spot: number };
  /** Of `started`, those that may come out of the warm pool. */
  readonly fromWarm: number;
  /** Units of the pool's surplus that became reserves, or will when they have come up: they are not to be released. */
  readonly owed: number;
}

const NONE: Reserving = {
  reserves: [],
  reserveFor: {},
  actions: [],
  started: { steady: 0, spot: 0 },
  fromWarm: 0,
  owed: 0,
};

type ReservedPlacement = Placement & { readonly kind: 'reserved' };

interface Held {
  readonly candidate: Candidate;
  readonly need: ReserveNeed;
}

/**
 * Reservations, after what the shards need: slices that are reserved stay so as long as risk or a request calls for as
 * many; what is missing comes from the pool's surplus (and where an interruption is announced, or somebody has asked for
 * it, from all of the pool), from what is on its way up and nobody else needs, and then from launches.
 * @param surplus units that the pool has or is getting beyond what it should keep
 * @param keep units that the pool should keep for shards
 * @param room instances that may still be started before the fleet is at its maximum
 * @param frozen nothing is moved or started
 */
export function reservations(
  draft: Draft,
  snapshot: Snapshot,
  leads: Leads,
  { surplus, keep, room, frozen }: { surplus: number; keep: number; room: number; frozen: boolean },
): Reserving {
  const { settings, index } = draft;
  const { max } = settings.fleet.reserves;
  if (max === 0 && index.reserved.length === 0) return NONE;
  const leaving = snapshot.handingOver ?? {};
  const exposures = exposuresOf(stakes(draft, snapshot, leaving), announcedIn(snapshot));
  const usable = index.reserved.filter(
    ({ host, slice }) => host.instance.rebalanceAt === undefined && !draft.touched.has(slice.id),
  );
  const places = new ReservePlaces(settings, exposures, usable, snapshot.refusals ?? []);
  const needs = neededReserves({
    exposures,
    reserved: countsOf(usable),
    requests: (snapshot.reserveRequests ?? []).filter(({ shard }) => mayReserve(draft, shard)),
    settings: settings.fleet.reserves,
    price: places.price,
    lead: leads.cold * TICK,
    now: snapshot.at,
    activity: (shard) => activityOf(draft, shard, leads),
  });

  const { held, missing } = matched(needs, usable);
  const unitsPerSlice =
    settings.fleet.instanceTypes[0]!.weight / settings.fleet.slicesPerInstance / index.unit;
  let ready = 0;
  for (const { units } of draft.ready) ready += units;
  let taken = 0;
  const open: ReserveNeed[] = [];
  for (const need of missing) {
    const needed = unitsNeeded(draft, need.shard, leads);
    const spare = Math.min(ready - keep, surplus) - taken;
    // Who asks has it at once from all that is ready, and the pool is filled again: a launch would come minutes later.
    const may = need.urgent || need.request !== undefined ? ready - taken : spare;
    const best =
      frozen || draft.full || !draft.mayMove(need.shard) || may < unitsPerSlice - 1e-9
        ? undefined
        : places.choose(need, draft.ready, needed);
    // What the pool should keep is not given for less than what was asked for.
    const isWorth = need.urgent || spare >= unitsPerSlice - 1e-9 || (best?.units ?? 0) >= needed - 1e-9;
    const chosen = isWorth ? best : undefined;
    if (chosen === undefined) {
      open.push(need);
      continue;
    }
    draft.ready.takeFrom(chosen.host);
    taken += chosen.units;
    const { shard, also, until } = need;
    draft.add(chosen, { kind: 'ready' }, { kind: 'reserved', shard, also, until }, reasonOf(need));
    held.push({ candidate: chosen, need });
  }

  // What the pool keeps for shards, or cannot be used for the reserves that are missing, is not on its way to them.
  const idle = Math.max(0, ready - taken - keep);
  const coming = Math.max(0, surplus - taken + index.later - idle);
  const awaited = Math.min(open.length, Math.floor(coming / unitsPerSlice + 1e-9));
  const launched = frozen
    ? { actions: [], started: NONE.started, fromWarm: 0 }
    : places.launches(open.slice(awaited), room, index.warm.length);
  return {
    reserves: held.map(({ candidate, need }) => kept(candidate, need, snapshot.at, settings)),
    reserveFor: { ...bound(exposures, held, snapshot, settings), ...leaving },
    ...launched,
    owed: taken + Math.max(0, awaited * unitsPerSlice - index.later),
  };
}

/** The slices that the risks are of, where their state may be handed over and is not on its way already. */
function stakes(draft: Draft, snapshot: Snapshot, leaving: Readonly<Record<string, string>>) {
  return (snapshot.risks ?? []).filter(({ shard, slice }) => {
    if (leaving[slice] !== undefined) return false;
    const s = draft.shardAt.get(shard);
    return s !== undefined && mayReserve(draft, shard) && draft.shards[s]!.settings.handOver.state === 'copy';
  });
}

/** In hold nothing new is begun, and in shadow nothing at all. */
function mayReserve(draft: Draft, shard: string): boolean {
  const s = draft.shardAt.get(shard);
  return s !== undefined && draft.shards[s]!.mode === 'active';
}

/** Pools of which AWS recommends to leave an instance, or takes one. */
function announcedIn({ instances }: Snapshot): Set<string> {
  const announced = new Set<string>();
  for (const one of instances) {
    if (one.group !== 'spot') continue;
    if (one.state === 'interrupted' || (one.state === 'running' && one.rebalanceAt !== undefined))
      announced.add(poolKey(one));
  }
  return announced;
}

/** How much more of a shard there will be when a reserve could serve. Its state has to be kept however quiet it is. */
function activityOf(draft: Draft, shard: string, leads: Leads): number {
  const s = draft.shardAt.get(shard)!;
  const { ahead, slice, ceiling } = draft.shards[s]!;
  const serving = draft.serving[s]!;
  if (serving <= 0) return 1;
  return Math.max(1, Math.min(ceiling, Math.ceil(ahead.ticks[leads.start]!.at(0.9) / slice)) / serving);
}

function countsOf(reserved: readonly Candidate[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { host } of reserved) {
    if (host.instance.group !== 'spot') continue;
    const key = poolKey(host.instance);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const placementOf = ({ slice }: Candidate) => slice.placement as ReservedPlacement;

/** Needs that reserved slices meet: those that say so first, then any that is not where it must not be. */
function matched(needs: readonly ReserveNeed[], reserved: readonly Candidate[]) {
  const free = new Set([...reserved].sort((a, b) => (a.slice.id < b.slice.id ? -1 : 1)));
  const found = new Map<ReserveNeed | number, Candidate>();
  const tests = [
    (need: ReserveNeed, { shard }: ReservedPlacement) => shard === need.shard,
    (need: ReserveNeed, { also }: ReservedPlacement) => also?.includes(need.shard) ?? false,
    () => true,
  ];
  for (const test of tests)
    needs.forEach((need, n) => {
      if (found.has(n)) return;
      for (const one of free) {
        if (!test(need, placementOf(one)) || isIn(one.host, need.avoid)) continue;
        found.set(n, one);
        free.delete(one);
        return;
      }
    });
  const held: Held[] = [];
  const missing: ReserveNeed[] = [];
  needs.forEach((need, n) => {
    const candidate = found.get(n);
    if (candidate === undefined) missing.push(need);
    else held.push({ candidate, need });
  });
  return { held, missing };
}

function isIn({ instance }: Host, pool: SpotPool | undefined): boolean {
  return instance.group === 'spot' && instance.type === pool?.type && instance.zone === pool.zone;
}

/** What the placement of a reserve should say: it changes as little as it can, and is prolonged at half time. */
function kept(candidate: Candidate, need: ReserveNeed, now: number, settings: Settings): KeptReserve {
  const { placement, id } = candidate.slice;
  const wanted = [need.shard, ...need.also];
  if (placement.kind !== 'reserved') {
    const { shard, also, until } = need;
    return { slice: id, shard, also, until, changed: false };
  }
  const said = new Set([placement.shard, ...(placement.also ?? [])]);
  const covers = wanted.every((shard) => said.has(shard)) && (need.request === undefined || said.size === 1);
  const isDue = placement.until - now < Math.min(settings.fleet.reserves.hold / 2, need.until - now);
  const until = isDue ? need.until : placement.until;
  if (covers) {
    const { shard, also = [] } = placement;
    return { slice: id, shard, also, until, changed: isDue };
  }
  const shard = wanted.includes(placement.shard) ? placement.shard : need.shard;
  const also = wanted.filter((one) => one !== shard);
  return { slice: id, shard, also, until: need.until, changed: true };
}

function bound(
  exposures: readonly Exposure[],
  held: readonly Held[],
  snapshot: Snapshot,
  settings: Settings,
): Record<string, string> {
  const reserves = held.map(({ candidate: { slice, host }, need }) => ({
    slice: slice.id,
    zone: host.instance.zone,
    shards: new Set([need.shard, ...need.also]),
    ...(host.instance.group === 'spot' && { pool: { type: host.instance.type, zone: host.instance.zone } }),
  }));
  const before = new Map(Object.entries(snapshot.reserveFor ?? {}));
  return Object.fromEntries(bindReserves(exposures, reserves, before, settings.fleet.reserves));
}
