import { shareOf } from '../shards/slice.ts';
import { replaceable, sizeOf, takesOver } from './consolidate.ts';
import type { Decision } from './decide.ts';
import type { Draft } from './draft.ts';
import type { FleetIndex, Host } from './fleet-index.ts';
import type { FleetAction, Plan, Reason } from './plan.ts';
import type { Reserving } from './reservations.ts';
import { spotStarts } from './spot-zones.ts';
import { berths } from './standby.ts';

/** What the fleet itself should do after the moves: start, stop, stock and mix. Counts of instances. */
export interface FleetChange {
  readonly actions: readonly FleetAction[];
  readonly released: { readonly steady: number; readonly spot: number; readonly toWarm: number };
  readonly started: { readonly steady: number; readonly spot: number };
  readonly stock: number;
  readonly discarded: number;
}

export const NO_CHANGE: FleetChange = {
  actions: [],
  released: { steady: 0, spot: 0, toWarm: 0 },
  started: { steady: 0, spot: 0 },
  stock: 0,
  discarded: 0,
};

/**
 * @param room instances that may still be started before the fleet is at its maximum
 * @param fromWarm stopped instances that reserves take
 * @param frozen nothing is started for the mix or into the stock, and nothing stopped is given up
 */
export function fleetChange(
  draft: Draft,
  decision: Decision,
  surplus: number,
  room: number,
  fromWarm: number,
  frozen: boolean,
): FleetChange {
  const { settings, index } = draft;
  const perInstance = settings.fleet.slicesPerInstance;
  const actions: FleetAction[] = [];
  const warmMax = settings.fleet.warmMax ?? settings.fleet.max;
  const most = Math.min(warmMax, Math.ceil(decision.stock.most / perInstance));
  const stopped = index.warm.length - fromWarm;
  let stock = stopped + index.stocking;

  const started = { steady: Math.min(room, Math.ceil(decision.start / perInstance)), spot: 0 };
  if (started.steady > 0) {
    const reason = poolReason(
      `${decision.start} more slices will be called for than are ready or free by then`,
    );
    actions.push({ kind: 'start', group: 'steady', count: started.steady, reason });
  }
  // The group takes them from its warm pool as far as that goes.
  stock -= Math.min(stopped, started.steady);
  started.spot = frozen ? 0 : Math.min(room - started.steady, spotShort(draft));
  const forMix = spotStarts(
    started.spot,
    draft.snapshot,
    settings,
    poolReason(
      `Spot is below its ${Math.round(settings.fleet.spotShare * 100)} % of what the fleet will need for hours`,
    ),
  );
  actions.push(...forMix);
  started.spot = forMix.reduce((sum, one) => sum + ('count' in one ? one.count : 1), 0);

  const released = { steady: 0, spot: 0, toWarm: 0 };
  const beds = frozen ? [] : berths(draft);
  for (const host of idleFirst(draft)) {
    const { group, id, rebalanceAt } = host.instance;
    // What AWS recommends to leave goes in any case; it is not counted as free.
    if (rebalanceAt === undefined) {
      const units = host.slices.reduce((sum, { share }) => sum + share / index.unit, 0);
      if (units > surplus + 1e-9) continue;
      surplus -= units;
    }
    released[group] += 1;
    const stoppable = group === 'steady' && rebalanceAt === undefined;
    const shard = stoppable ? beds.shift() : undefined;
    if (shard !== undefined) {
      const considered = [
        `fewer instances stand by for ${shard} than its settings ask for, and it does without this one`,
      ];
      actions.push({
        kind: 'release',
        instance: id,
        to: 'standby',
        shard,
        reason: { rule: 'sleep', considered },
      });
      continue;
    }
    const to = stoppable && stock < most ? 'warm' : 'retired';
    if (to === 'warm') {
      stock += 1;
      released.toWarm += 1;
    }
    const reason = poolReason('no shard is expected to call for it before it would pay to start it again');
    actions.push({ kind: 'release', instance: id, to, reason });
  }

  const forStandby = started.steady > 0 ? 0 : forBerths(draft, decision, surplus, beds, room - started.spot);
  if (forStandby > 0) {
    const considered = [
      `fewer instances stand by for ${beds.join(', ')} than the settings ask for, and none is to spare`,
    ];
    actions.push({
      kind: 'start',
      group: 'steady',
      count: forStandby,
      reason: { rule: 'sleep', considered },
    });
    started.steady += forStandby;
    stock -= Math.min(stopped, forStandby);
  }

  const least = Math.min(warmMax, Math.ceil(decision.stock.least / perInstance));
  const launch = frozen ? 0 : Math.max(0, Math.min(least - stock, settings.fleet.max));
  if (launch > 0) {
    actions.push({
      kind: 'stock',
      count: launch,
      reason: poolReason(`the warm pool has ${stock}, forecast risk asks for ${least}`),
    });
  }
  // Nobody can choose which stopped instance a start takes: none is given up in the same tick.
  const discarded =
    frozen || started.steady + fromWarm > 0 ? 0 : Math.min(index.warm.length, Math.max(0, stock - most));
  for (const { id } of index.warm.slice(0, discarded)) {
    actions.push({
      kind: 'discard',
      instance: id,
      reason: poolReason(`the warm pool has ${stock}, ${most} pay for themselves`),
    });
  }
  return { actions, released, started, stock: launch, discarded };
}

/**
 * Instances to start so that they can be powered down for shards that are asleep and that too few stand by for: what
 * nobody calls for and is on its way already counts, and the ready pool, through which they come, stays within its bound.
 */
function forBerths(
  { settings, index, shards, shardAt }: Draft,
  { keep }: Decision,
  surplus: number,
  beds: readonly string[],
  room: number,
): number {
  const perInstance = settings.fleet.slicesPerInstance;
  const instances = (units: number) => Math.max(0, Math.floor(units / perInstance + 1e-9));
  const spare = instances(surplus);
  const free = instances(settings.readyPool.max / index.unit - keep) - spare;
  const asleep = beds.filter((shard) => shards[shardAt.get(shard)!]!.asleep);
  return Math.max(0, Math.min(asleep.length - spare, free, room));
}

/** Instances that may leave: of the group that has too much first, and those that AWS recommends to leave. */
function idleFirst(draft: Draft): Host[] {
  const surplusGroup = draft.surplusGroup();
  const rank = ({ instance }: Host) =>
    (instance.rebalanceAt === undefined ? 2 : 0) + (instance.group === surplusGroup ? 0 : 1);
  return draft.freeHosts().sort((a, b) => rank(a) - rank(b) || (a.instance.id < b.instance.id ? -1 : 1));
}

/**
 * Spot instances that are missing for the part of the fleet that will be needed all along the coarse horizons; no
 * more than can take over from On-Demand ones, or they would stand idle, go, and be missing again.
 */
function spotShort(draft: Draft): number {
  const { settings, index, shards, serving } = draft;
  const { spotShare, slicesPerInstance } = settings.fleet;
  if (spotShare === 0 || shards.length === 0) return 0;
  const running = serving.reduce((sum, units) => sum + units, 0);
  const shortOf = (units: number) =>
    Math.floor((spotShare * units) / slicesPerInstance) -
    (index.running.spot - index.reservedSpot) -
    index.starting.spot;
  if (shortOf(running) <= 0) return 0;
  const needed = shards[0]!.ahead.coarse.map(() => 0);
  for (const { ahead, slice, floor } of shards) {
    for (let i = 0; i < needed.length; i++)
      needed[i]! += Math.max(floor, ahead.coarse[i]!.load.median / slice);
  }
  const short = shortOf(Math.min(running, ...needed));
  if (short <= 0) return 0;
  // Which type comes is not known, and only one that is as large can take over.
  const sizes = replaceable(draft).map(sizeOf);
  const fits = settings.fleet.instanceTypes.map(({ type }) => {
    const size = shareOf(type, settings);
    return sizes.filter((other) => takesOver(size, other)).length;
  });
  return Math.min(short, ...fits);
}

function poolReason(why: string): Reason {
  return { rule: 'pool', considered: [why] };
}

/** Instances that count against `fleet.max`: all that run or start, but for those that go into the warm pool. */
export function fleetSize(index: FleetIndex): number {
  const { running, starting, leaving } = index;
  return running.steady + running.spot + starting.steady + starting.spot + leaving;
}

/** Sizes of the groups. What wakes up from standby joins its group when it is up, which raises the group's size itself. */
export function desiredAfter(
  { index }: Draft,
  change: FleetChange,
  reserves: Pick<Reserving, 'started' | 'fromWarm'>,
): Plan['desired'] {
  const { running, starting, waking } = index;
  return {
    steady:
      running.steady +
      starting.steady -
      waking +
      change.started.steady +
      reserves.started.steady -
      change.released.steady,
    spot:
      index.running.spot +
      index.starting.spot +
      change.started.spot +
      reserves.started.spot -
      change.released.spot,
    warm:
      index.warm.length +
      index.stocking +
      change.stock +
      change.released.toWarm -
      change.discarded -
      Math.min(index.warm.length, change.started.steady + reserves.fromWarm),
  };
}
