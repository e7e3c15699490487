import type { Plan, Snapshot } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Forecast } from '../../core/forecast/forecast.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Instance, instanceTo, slicesOf } from '../../core/shards/instance.ts';
import { moveTo, type Placement } from '../../core/shards/placement.ts';
import type { Slice } from '../../core/shards/slice.ts';
import { factsOf, slicesFor } from './scene.ts';

const MINUTE = 60;

/**
 * A pure, perfect world: what a plan asks for is done by the next tick, or when its lead time is over. Every step
 * goes through the lifecycles, so that an illegal one throws.
 */
export function carryOut(snapshot: Snapshot, plan: Plan, settings: Settings): Snapshot {
  const { at } = snapshot;
  const next = at + MINUTE;
  const moves = new Map(plan.moves.map((move) => [move.slice, move]));
  const instances = new Map<string, Instance>(
    snapshot.instances.map((instance): [string, Instance] => {
      const placed = slicesOf(instance).map((slice) =>
        prolonged(placedBy(slice, moves.get(slice.id), next), plan),
      );
      return [instance.id, 'slices' in instance ? { ...instance, slices: placed } : instance];
    }),
  );
  for (const [id, instance] of instances) instances.set(id, arrived(instance, settings, next));
  for (const action of plan.fleet) {
    if (action.kind === 'start' || action.kind === 'stock') {
      const into = action.kind === 'stock' ? 'warm' : 'running';
      const group = action.kind === 'stock' ? 'steady' : action.group;
      const warm = [...instances.values()].filter(({ state }) => state === 'warm');
      for (let i = 0; i < action.count; i++) {
        const from = action.kind === 'start' && group === 'steady' ? warm[i] : undefined;
        const { id, type, zone } = from ?? factsOf(settings, { group });
        const origin = from === undefined ? 'cold' : 'warm';
        const expectedAt = at + settings.fleet.leadTimes[origin].seconds;
        const starting = {
          id,
          type,
          zone,
          group,
          since: at,
          state: 'starting',
          origin,
          into,
          expectedAt,
        } as const;
        instances.set(id, arrived(starting, settings, next));
      }
      continue;
    }
    if (action.kind === 'launch') {
      const facts = { ...factsOf(settings, { group: action.group }), zone: action.zone };
      const expectedAt = at + settings.fleet.leadTimes.cold.seconds;
      const starting = {
        ...facts,
        since: at,
        state: 'starting',
        origin: 'cold',
        into: 'running',
        expectedAt,
      };
      instances.set(facts.id, arrived(starting as Instance, settings, next));
      continue;
    }
    const instance = instances.get(action.instance);
    if (instance === undefined) throw new Error(`${action.kind} of ${action.instance}, which is not there`);
    const { id, type, zone, group } = instance;
    const facts = { id, type, zone, group, since: at };
    if (action.kind === 'discard')
      instances.set(id, instanceTo(instance, { ...facts, state: 'retired', why: 'released' }));
    else if (action.kind === 'wake') {
      const expectedAt = at + settings.fleet.leadTimes.standby.seconds;
      const { shard } = action;
      const woken = {
        ...facts,
        state: 'starting',
        origin: 'standby',
        into: 'running',
        shard,
        expectedAt,
      } as const;
      instances.set(id, instanceTo(instance, woken));
    } else {
      const draining = instanceTo(instance, { ...facts, state: 'draining', slices: [], to: action.to });
      const end: Instance =
        action.to === 'standby'
          ? { ...facts, state: 'standby', shard: action.shard! }
          : action.to === 'warm'
            ? { ...facts, state: 'warm' }
            : { ...facts, state: 'retired', why: 'released' };
      instances.set(id, instanceTo(draining, end));
    }
  }
  return {
    ...snapshot,
    at: next,
    instances: [...instances.values()].filter(({ state }) => state !== 'retired'),
  };
}

/** Plays ticks with forecasts made anew each time. @returns the plans, and the snapshot after the last one */
export function play(
  start: Snapshot,
  settings: Settings,
  ticks: number,
  forecastsAt: (at: number, tick: number) => ReadonlyMap<string, Forecast>,
): { plans: Plan[]; end: Snapshot } {
  let snapshot = start;
  const plans: Plan[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    const { at } = snapshot;
    const fresh = [...forecastsAt(at, tick)].map(
      ([shard, one]) => [shard, { ...one, at, knownUntil: at - MINUTE }] as const,
    );
    const made = plan(snapshot, new Map(fresh), settings, at);
    plans.push(made);
    snapshot = carryOut(snapshot, made, settings);
  }
  return { plans, end: snapshot };
}

function placedBy(slice: Slice, move: Plan['moves'][number] | undefined, at: number): Slice {
  const place = (...steps: Placement[]) =>
    steps.reduce((now, step) => moveTo(slice.id, now, step), slice.placement);
  const { placement } = slice;
  const since = at;
  if (move === undefined) {
    if (placement.kind === 'activating')
      return { ...slice, placement: place({ ...placement, kind: 'active' }) };
    if (placement.kind !== 'draining') return slice;
    const { to } = placement;
    if (to === undefined) return { ...slice, placement: place({ kind: 'ready', since }) };
    return {
      ...slice,
      placement: place({ kind: 'activating', since, shard: to }, { kind: 'active', since, shard: to }),
    };
  }
  if (move.from.kind !== placement.kind)
    throw new Error(`${move.id} is from ${move.from.kind}, it is ${placement.kind}`);
  const away: Placement[] =
    move.from.kind === 'active' ? [{ kind: 'draining', since, shard: move.from.shard }] : [];
  if (move.to.kind === 'ready') return { ...slice, placement: place(...away, { kind: 'ready', since }) };
  if (move.to.kind === 'reserved') return { ...slice, placement: place({ ...move.to, since }) };
  const { shard } = move.to;
  return {
    ...slice,
    placement: place(...away, { kind: 'activating', since, shard }, { kind: 'active', since, shard }),
  };
}

/** What a plan keeps in reserve, as it wants it kept. */
function prolonged(slice: Slice, { reserves = [] }: Plan): Slice {
  const kept = reserves.find((one) => one.slice === slice.id && one.changed);
  if (kept === undefined || slice.placement.kind !== 'reserved') return slice;
  const { shard, also, until } = kept;
  return { ...slice, placement: { ...slice.placement, shard, also, until } };
}

/** A starting instance that is due, as what it becomes; one that Spot takes or that drains, gone. */
function arrived(instance: Instance, settings: Settings, at: number): Instance {
  const { id, type, zone, group } = instance;
  const facts = { id, type, zone, group, since: at };
  if (instance.state === 'starting' && instance.expectedAt <= at) {
    if (instance.into === 'warm') return instanceTo(instance, { ...facts, state: 'warm' });
    const place = instance.shard === undefined ? 'ready' : (`active ${instance.shard}` as const);
    return instanceTo(instance, { ...facts, state: 'running', slices: slicesFor(facts, settings, [place]) });
  }
  if (instance.state === 'interrupted')
    return instanceTo(instance, { ...facts, state: 'retired', why: 'interrupted' });
  if (instance.state === 'draining')
    return instanceTo(instance, { ...facts, state: 'retired', why: 'released' });
  return instance;
}
