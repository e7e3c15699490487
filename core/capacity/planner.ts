import type { Forecast } from '../forecast/forecast.ts';
import { metricLag } from '../settings/metric-lag.ts';
import type { Settings } from '../settings/schema.ts';
import { DAY, MINUTE, type Seconds } from '../time.ts';
import { consolidation, mixSwaps } from './consolidate.ts';
import { type Decision, type PoolView, Sizing } from './decide.ts';
import { Draft } from './draft.ts';
import { desiredAfter, fleetChange, fleetSize, NO_CHANGE } from './fleet-actions.ts';
import { type FleetIndex, indexFleet } from './fleet-index.ts';
import { leadsOf, TICK } from './horizons.ts';
import { activations, evacuations, expiries, preemptions, releases } from './moves.ts';
import type { Finding, Plan, ShardPlan, Snapshot } from './plan.ts';
import type { Loss } from './pool.ts';
import { reservations } from './reservations.ts';
import { type Shadowed, shadowed } from './shadow.ts';
import { modeOf, type PlannedShard, plannedShards, slicePrice } from './shard-views.ts';
import { wakeActions, wakesOf, withWoken } from './standby.ts';

/** The shortest notice that Spot gave in a logged case: losses later than this after a decision are seen coming. */
const NOTICE: Seconds = 100;
/** A load point is late when it is older than this and what its source takes: a minute of load, and one until the next tick. */
const LATE: Seconds = 3 * MINUTE;

/**
 * The planner: what to move, start and stop at `now`, with a reason each. Pure: it knows nothing but its arguments.
 *
 * Order: guarantees, then priority and value; from the ready pool, then straight from shards that give back, then
 * from lower priorities. Shards in shadow are sized, and left alone; shards in hold only get back what they lost.
 * @param forecasts by shard, with {@link planningHorizons}; a shard without a fresh one does not shrink.
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
  const draft = new Draft(snapshot, settings, index, shards);
  const frozen = isFrozen(shards);
  const pool = poolView(draft, room, frozen);
  const sizing = new Sizing(leads);
  const decision = sizing.decide(shards, pool);

  const open = releases(draft, decision, activations(draft, decision, leads), leads);
  evacuations(draft, decision);
  const soon = Math.min(decision.start, room * perInstance, index.warm.length * perInstance);
  const contended = decision.start > soon || room === 0;
  if (contended) preemptions(draft, open, index.arriving + soon, leads);
  // The bound is in what the sizing keeps: above it only what will surely be called for.
  const ready = pool.ready - decision.activate.length + index.arriving + draft.freed;
  const surplus = ready - (frozen ? frozenKeep(shards, ready, pool) : decision.keep);
  const toStart = Math.ceil(decision.start / perInstance);
  const reserving = reservations(draft, snapshot, leads, {
    surplus,
    keep: decision.keep,
    room: Math.max(0, room - toStart),
    frozen,
  });
  const left = surplus - reserving.owed;
  // Last, so that what a shard needs comes first within its bound.
  expiries(draft, touchable(settings, snapshot), new Set(reserving.reserves.map(({ slice }) => slice)));
  if (!frozen) {
    consolidation(draft, left, leads);
    mixSwaps(draft, left, leads);
  }
  const change =
    shards.length === 0
      ? NO_CHANGE
      : fleetChange(
          draft,
          decision,
          Math.floor(left + 1e-9),
          room - reserving.actions.length,
          reserving.fromWarm,
          frozen,
        );
  const shadows = shadowed(snapshot, forecasts, settings, index, leads, sizing);
  const looked = [...shards, ...[...shadows.values()].map(({ view }) => view)];

  return {
    at: now,
    moves: draft.moves,
    fleet: [...reserving.actions, ...change.actions, ...wakeActions(draft, wakes)],
    desired: desiredAfter(draft, change, reserving),
    pool: {
      target: Math.min(pool.bound, frozen ? pool.ready : decision.keep) * index.unit,
      ready: readyUnits(draft) * index.unit,
      bound: settings.readyPool.max,
    },
    shards: shardPlans(settings, snapshot, draft, decision, shadows),
    findings: [
      ...findings(draft, open.length, decision.start, room * perInstance, snapshot),
      ...lateForecasts(looked, snapshot),
      ...anomalies(looked),
    ],
    reserves: reserving.reserves,
    reserveFor: reserving.reserveFor,
  };
}

/**
 * Whether the pool and the stock are left as they are, but for what guarantees and losses ask for: nothing may change
 * where all shards are in hold, and nothing is known where none has a fresh forecast.
 */
function isFrozen(shards: readonly PlannedShard[]): boolean {
  return shards.every(({ mode, late }) => mode === 'hold' || late);
}

/** In hold the pool's bound holds too; where forecasts are late, what is above it may be called for. */
function frozenKeep(shards: readonly PlannedShard[], ready: number, { bound }: PoolView): number {
  return shards.some(({ late }) => late) ? ready : Math.min(ready, bound);
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

function poolView({ settings, index }: Draft, room: number, frozen: boolean): PoolView {
  const { readyPool, fleet, costs } = settings;
  const units = (instances: number) => instances / index.unit;
  let ready = 0;
  for (const candidate of index.ready) ready += candidate.units;
  return {
    ready,
    arriving: index.arriving,
    bound: units(readyPool.max),
    ...(readyPool.target !== 'auto' && { target: units(readyPool.target) }),
    ...(frozen && { target: 0 }),
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

function shardPlans(
  settings: Settings,
  snapshot: Snapshot,
  draft: Draft,
  { activate, wanting }: Decision,
  shadows: ReadonlyMap<string, Shadowed>,
): ShardPlan[] {
  const claims = new Float64Array(draft.shards.length);
  for (const claim of activate) claims[claim.shard]! += 1;
  for (const claim of wanting) claims[claim.shard]! += 1;
  return settings.shards.map((shard) => {
    const holding = draft.index.holdings.get(shard.name)!;
    const per = shard.capacity.perInstance * draft.index.unit;
    const shadow = shadows.get(shard.name);
    const s = draft.shardAt.get(shard.name)!;
    let have = shadow?.have ?? 0;
    if (shadow === undefined) for (const { units } of holding.active) have += units;
    // What it asked for and did not get is wanted all the same.
    const want = shadow?.want ?? wantedBy(draft.shards[s]!.serving, claims[s]!, draft.serving[s]!);
    return {
      shard: shard.name,
      mode: modeOf(shard, snapshot),
      have: have * per,
      coming: holding.coming * per,
      want: want * per,
      guarantee: shard.guarantee * shard.capacity.perInstance,
      ...(shadow?.reason !== undefined && { reason: shadow.reason }),
    };
  });
}

function wantedBy(had: number, claims: number, gets: number): number {
  return claims === 0 ? gets : Math.max(gets, had + claims);
}

/** A shard that is new, and of which nothing was ever measured, has nothing to be forecast from: its load is late. */
function lateForecasts(shards: readonly PlannedShard[], snapshot: Snapshot): Finding[] {
  const late = shards.filter((shard) => shard.late);
  if (late.length === 0) return [];
  const seen = new Set(snapshot.measured.flatMap(({ shard, time }) => (time === undefined ? [] : shard)));
  return late
    .filter(({ settings, serving }) => serving > 0 || seen.has(settings.name))
    .map(({ settings, forecastAge }) => ({ kind: 'ForecastLate', shard: settings.name, age: forecastAge }));
}

function anomalies(shards: readonly PlannedShard[]): Finding[] {
  return shards.flatMap(({ settings, forecast: { unusual } }) =>
    unusual === undefined ? [] : { kind: 'ForecastAnomaly', shard: settings.name, unusual },
  );
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
  const { settings } = draft;
  const late = LATE + metricLag(settings) + settings.metrics.every - MINUTE;
  for (const { shard, time } of snapshot.measured) {
    const age = time === undefined ? Number.POSITIVE_INFINITY : snapshot.at - time;
    if (age > late) found.push({ kind: 'LoadLate', shard, age });
  }
  return found;
}
