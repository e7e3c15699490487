import type { Forecast } from '../forecast/forecast.ts';
import type { Mode, Settings, ShardSettings } from '../settings/schema.ts';
import type { FleetIndex, Holding } from './fleet-index.ts';
import { type LookAhead, lookAhead } from './look-ahead.ts';
import type { Measured, Snapshot } from './plan.ts';
import { wakeLead } from './standby.ts';
import type { ShardView } from './view.ts';

/** A shard that the planner may move, as the sizing rules and the choice of slices see it. */
export interface PlannedShard extends ShardView {
  readonly settings: ShardSettings;
  readonly mode: Mode;
  readonly holding: Holding;
  readonly forecast: Forecast;
  /** Above 1: an instance does less than the settings say, by what was measured. */
  readonly pressure: number;
  /** A cold standby shard that nothing calls for. */
  readonly asleep: boolean;
}

/** Most that one measurement may make a shard grow beyond its forecast. */
const MOST_PRESSURE = 2;
/** Measured utilisation this far above what load over capacity says counts as pressure. */
const TOLERANCE = 1.1;
/** Below this part of its bound utilisation says little: an idle instance is busy with itself. */
const TELLS = 0.5;

export function modeOf(shard: ShardSettings, snapshot: Snapshot): Mode {
  return snapshot.modes?.[shard.name] ?? shard.mode;
}

/** Views of all shards that may be moved: active ones and ones in hold. A shard without a forecast keeps what it has. */
export function plannedShards(
  snapshot: Snapshot,
  forecasts: ReadonlyMap<string, Forecast>,
  settings: Settings,
  index: FleetIndex,
  ticks: number,
): PlannedShard[] {
  const measured = new Map(snapshot.measured.map((one) => [one.shard, one]));
  const perSlice = slicePrice(settings) * index.unit;
  const planned: PlannedShard[] = [];
  for (const shard of settings.shards) {
    const mode = modeOf(shard, snapshot);
    const forecast = forecasts.get(shard.name);
    if (mode === 'shadow' || forecast === undefined) continue;
    const holding = index.holdings.get(shard.name)!;
    const ahead = lookAhead(forecast, ticks + 1);
    const pressure = pressureOf(shard, measured.get(shard.name), holding, index.unit);
    const unmet = unmetPrice(shard, settings);
    let active = 0;
    for (const { units } of holding.active) active += units;
    const serving = active - holding.doomed + holding.coming;
    const asleep = sleeps(shard, ahead, serving > 0, wakeLead(settings));
    const slices = (instances: number) => instances / index.unit;
    const ceiling = slices(shard.max ?? settings.fleet.max);
    // Awake, even a standby shard that is guaranteed nothing serves.
    const least = Math.max(slices(shard.guarantee), shard.standby === undefined ? 0 : 1);
    const floor = asleep ? 0 : Math.min(ceiling, least);
    // In hold the size is kept: what was lost comes back, one for one, and nothing else moves.
    const holdAt = snapshot.holdAt?.[shard.name];
    const held = holdAt === undefined ? serving + notReplaced(holding) : slices(holdAt);
    planned.push({
      settings: shard,
      mode,
      holding,
      forecast,
      pressure,
      asleep,
      ahead,
      slice: (shard.capacity.perInstance * index.unit) / pressure,
      worth: asleep ? 0 : unmet / perSlice,
      serving,
      // What is only on its way cannot be given back yet.
      floor: mode === 'hold' ? Math.max(held, serving) : Math.max(floor, holding.coming),
      ceiling: mode === 'hold' ? Math.max(held, serving) : ceiling,
      priority: shard.priority,
    });
  }
  return planned;
}

/** Units that a shard lost or will lose and that nothing came for since: in hold nothing else comes. */
function notReplaced({ active, coming, losing, doomed, lostSince }: Holding): number {
  let came = coming;
  for (const { slice, host, units } of active) {
    if (slice.placement.since >= lostSince && host.instance.rebalanceAt === undefined) came += units;
  }
  return Math.max(0, losing + doomed - came);
}

/** $ per unit of the shard's load left unserved for an hour: by the unit or by the instance, whichever is more. */
export function unmetPrice({ capacity }: ShardSettings, { costs }: Settings): number {
  return Math.max(costs.unmetUnitHour ?? 0, costs.unmetInstanceHour / capacity.perInstance);
}

/** $ of a running instance of weight 1 for an hour, in the mix that the settings ask for. */
export function slicePrice({ costs, fleet }: Settings): number {
  return costs.instanceHour + (costs.spotInstanceHour - costs.instanceHour) * fleet.spotShare;
}

/**
 * Adjustment from what is measured, on top of the forecast: utilisation well above load over capacity, or latency
 * above its bound, says that an instance does less than the settings say. Then each slice counts for less: for so
 * much that utilisation comes to its bound, and stays there when the shard has got what it lacked.
 */
function pressureOf(
  shard: ShardSettings,
  measured: Measured | undefined,
  holding: Holding,
  unit: number,
): number {
  if (measured === undefined) return 1;
  // Only what served when that load was measured.
  const { time = Number.NEGATIVE_INFINITY } = measured;
  let capacity = 0;
  for (const { units, slice } of holding.active) {
    if (slice.placement.since <= time) capacity += units * unit * shard.capacity.perInstance;
  }
  const expected = capacity > 0 && measured.load !== undefined ? measured.load / capacity : 1;
  let pressure = 1;
  const { utilization, latency } = measured;
  if (
    utilization !== undefined &&
    utilization > TELLS * shard.react.utilization &&
    utilization > expected * TOLERANCE
  ) {
    pressure = Math.max(1, utilization / (Math.max(expected, 1e-9) * shard.react.utilization));
  }
  if (
    latency !== undefined &&
    shard.react.latency !== undefined &&
    latency > shard.react.latency &&
    expected < 1
  ) {
    pressure = Math.max(pressure, latency / shard.react.latency);
  }
  return Math.min(MOST_PRESSURE, pressure);
}

/**
 * A standby shard wakes when a likely load comes to its bound by the time that it could serve, and sleeps again once none does within
 * `sleepAfter`: it does not lie down for a short lull, and does not get up for a far-off event.
 */
function sleeps({ standby }: ShardSettings, ahead: LookAhead, awake: boolean, lead: number): boolean {
  if (standby === undefined) return false;
  const q90 = (load: { at(level: number): number }) => load.at(0.9);
  // A sleeping one need not look farther than it takes to wake up.
  const ticks = awake ? ahead.ticks : ahead.ticks.slice(0, lead + 2);
  if (ticks.some((load) => q90(load) > standby.wakeAbove)) return false;
  return (
    !awake ||
    !ahead.coarse.some(
      ({ minutes, load }) => minutes * 60 <= standby.sleepAfter && q90(load) > standby.wakeAbove,
    )
  );
}
