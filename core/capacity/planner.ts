import type { Forecast } from '../forecast/forecast.ts';
import type { Settings } from '../settings/schema.ts';
import { DAY, MINUTE, type Seconds } from '../time.ts';
import { consolidation, mixSwaps } from './consolidate.ts';
import { type PoolView, Sizing } from './decide.ts';
import { Draft } from './draft.ts';
import { desiredAfter, fleetChange, fleetSize, NO_CHANGE } from './fleet-actions.ts';
import { type FleetIndex, indexFleet } from './fleet-index.ts';
import { leadsOf, TICK } from './horizons.ts';
import { activations, evacuations, expiries, preemptions, releases } from './moves.ts';
import type { Finding, Plan, ShardPlan, Snapshot } from './plan.ts';
import type { Loss } from './pool.ts';
import { modeOf, plannedShards, slicePrice } from './shard-views.ts';
import { wakeActions, wakesOf, withWoken } from './standby.ts';

/** The shortest notice that Spot gave in a logged case: losses later than this after a decision are seen coming. */
const NOTICE: Seconds = 100;
/** A load point this much older than it should be is late. */
const LATE: Seconds = 3 * MINUTE;

/**
 * The planner: what to move, start and stop at `now`, with a reason each. Pure: it knows nothing but its arguments.
 *
 * Order: guarantees, then priority and value; from the ready pool, then straight from shards that give back, then
 * from lower priorities. Shards in shadow are left alone; shards in hold only get back what they lost.
 * @param forecasts by shard, with {@link planningHorizons}; a shard without one keeps what it has.
 * @throws {RangeError} when `now` is not the snapshot's time.
 */
export function plan(
  snapshot: Snapshot,
  forecasts: ReadonlyMap<string, Forecast>,
  settings: Settings,
  now: Seconds,
): Plan {
  if (snapshot.at !== now)
    throw new RangeError(`now: expected the snapshot's time ${snapshot.at}, got ${now}`);
  const leads = leadsOf(settings);
  const index = indexFleet(snapshot, settings, leads.start * TICK);
  const perInstance = settings.fleet.slicesPerInstance;
  const seen = plannedShards(snapshot, forecasts, settings, index, leads.ticks);
  const startable = Math.max(0, settings.fleet.max - fleetSize(index));
  const wakes = wakesOf(index, seen, settings, startable);
  const room = startable - wakes.length;
  const shards = withWoken(seen, wakes);
  const draft = new Draft(now, settings, index, shards);
  const pool = poolView(draft, room);
  const decision = new Sizing(leads).decide(shards, pool);

  expiries(draft, touchable(settings, snapshot));
  const open = releases(draft, decision, activations(draft, decision, leads), leads);
  evacuations(draft, decision);
  const soon = Math.min(decision.start, room * perInstance, index.warm.length * perInstance);
  const contended = decision.start > soon || room === 0;
  if (contended) preemptions(draft, open, index.arriving + soon, leads);
  // The bound is in what the sizing keeps: above it only what will surely be called for.
  const surplus = pool.ready - decision.activate.length + index.arriving + draft.freed - decision.keep;
  consolidation(draft, surplus, leads);
  mixSwaps(draft, surplus, leads);
  // Without a single forecast nothing is known, and everything stays as it is.
  const change =
    shards.length === 0 ? NO_CHANGE : fleetChange(draft, decision, Math.floor(surplus + 1e-9), room);

  return {
    at: now,
    moves: draft.moves,
    fleet: [...change.actions, ...wakeActions(draft, wakes)],
    desired: desiredAfter(draft, change),
    pool: {
      target: Math.min(pool.bound, decision.keep) * index.unit,
      ready: readyUnits(draft) * index.unit,
      bound: settings.readyPool.max,
    },
    shards: shardPlans(settings, snapshot, draft),
    findings: findings(draft, open.length, decision.start, room * perInstance, snapshot),
  };
}

/** Shards that may be moved at all; one that the settings do not know any more holds nothing. */
function touchable(settings: Settings, snapshot: Snapshot): (shard: string) => boolean {
  const shadow = new Set(
    settings.shards.filter((shard) => modeOf(shard, snapshot) === 'shadow').map(({ name }) => name),
  );
  return (shard) => !shadow.has(shard);
}

/** Units that are ready and that the plan leaves so. */
function readyUnits(draft: Draft): number {
  let sum = 0;
  for (const { units } of draft.ready) sum += units;
  return sum;
}

function poolView({ settings, index }: Draft, room: number): PoolView {
  const { readyPool, fleet, costs } = settings;
  const units = (instances: number) => instances / index.unit;
  let ready = 0;
  for (const candidate of index.ready) ready += candidate.units;
  return {
    ready,
    arriving: index.arriving,
    bound: units(readyPool.max),
    ...(readyPool.target !== 'auto' && { target: units(readyPool.target) }),
    room: room * fleet.slicesPerInstance,
    stoppedPrice: (costs.stoppedShare * costs.instanceHour) / slicePrice(settings),
    losses: spotLosses(settings, index),
  };
}

/** A zone's Spot slices go together; what counts for the pool is what goes sooner than a start could follow the notice. */
function spotLosses(settings: Settings, index: FleetIndex): Loss[] {
  const { leadTimes, interruptionsPerDay } = settings.fleet;
  const unseen = Math.max(0, leadTimes.warm.seconds + leadTimes.activate.seconds - NOTICE);
  const probability = Math.min(1, (interruptionsPerDay * unseen) / DAY);
  const perTick = Math.min(1, (interruptionsPerDay * TICK) / DAY);
  return [...index.spotByZone.values()].map((slices) => ({ probability, perTick, slices }));
}

function shardPlans(settings: Settings, snapshot: Snapshot, draft: Draft): ShardPlan[] {
  return settings.shards.map((shard) => {
    const holding = draft.index.holdings.get(shard.name)!;
    const per = shard.capacity.perInstance * draft.index.unit;
    let active = 0;
    for (const { units } of holding.active) active += units;
    const s = draft.shardAt.get(shard.name);
    return {
      shard: shard.name,
      mode: modeOf(shard, snapshot),
      have: active * per,
      coming: holding.coming * per,
      want: (s === undefined ? active : draft.serving[s]!) * per,
      guarantee: shard.guarantee * shard.capacity.perInstance,
    };
  });
}

function findings(draft: Draft, wanting: number, start: number, room: number, snapshot: Snapshot): Finding[] {
  const found: Finding[] = [];
  draft.shards.forEach(({ settings, asleep }, s) => {
    const have = draft.serving[s]! * draft.index.unit;
    if (!asleep && have + 1e-9 < settings.guarantee) {
      found.push({ kind: 'GuaranteeAtRisk', shard: settings.name, guarantee: settings.guarantee, have });
    }
  });
  if (wanting > 0) found.push({ kind: 'PoolExhausted', wanted: wanting, had: draft.index.ready.length });
  if (start > room) found.push({ kind: 'FleetAtMax', wanted: start - room, max: draft.settings.fleet.max });
  for (const { shard, time } of snapshot.measured) {
    const age = time === undefined ? Number.POSITIVE_INFINITY : snapshot.at - time;
    if (age > LATE + draft.settings.metrics.delay) found.push({ kind: 'LoadLate', shard, age });
  }
  return found;
}
