import { type Forecast, LEVELS, type Unusual } from '../forecast/forecast.ts';
import type { Expected } from '../forecast/unusual/judge.ts';
import type { Mode, Settings, ShardSettings } from '../settings/schema.ts';
import { MINUTE, type Seconds } from '../time.ts';
import type { FleetIndex, Holding } from './fleet-index.ts';
import { insteadOf, surelyNeeded } from './held-size.ts';
import { planningHorizons } from './horizons.ts';
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
  /** Whether there is a forecast at all; otherwise `forecast` stands in for one. */
  readonly isKnown: boolean;
  /** Seconds since the forecast was made, or since the load that it knows where that is late; infinite where there is none. */
  readonly forecastAge: Seconds;
  /** The forecast is missing or old, or made from old load. */
  readonly late: boolean;
  /** Its newest load is not believed: it keeps its size. */
  readonly held?: Unusual;
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

/** A forecast that is older than this is late, unless the settings ask for one less often. */
export const FORECAST_LATE: Seconds = 15 * MINUTE;

export function modeOf(shard: ShardSettings, snapshot: Snapshot): Mode {
  return snapshot.modes?.[shard.name] ?? shard.mode;
}

/**
 * Views of all shards that may be moved: active ones and ones in hold; or of those in shadow, as if they were active.
 *
 * A shard whose forecast is missing or old keeps what it has, and gets back what it loses: it may grow to its
 * guarantee and to what an old forecast still knows to come, but what is not known is no reason to shrink. One whose
 * load is not believed keeps what it has, too (`held-size.ts`).
 */
export function plannedShards(
  snapshot: Snapshot,
  forecasts: ReadonlyMap<string, Forecast>,
  settings: Settings,
  index: FleetIndex,
  ticks: number,
  which: 'moved' | 'shadow' = 'moved',
): PlannedShard[] {
  const measured = new Map(snapshot.measured.map((one) => [one.shard, one]));
  const perSlice = slicePrice(settings) * index.unit;
  let nothing: Forecast | undefined;
  const planned: PlannedShard[] = [];
  for (const shard of settings.shards) {
    const mode = modeOf(shard, snapshot);
    if ((mode === 'shadow') !== (which === 'shadow')) continue;
    let forecast = forecasts.get(shard.name);
    const isKnown = forecast !== undefined;
    const { forecastAge, late } = ageOf(forecast, snapshot.at, settings);
    if (forecast === undefined) {
      nothing ??= nothingKnown(settings, snapshot.at);
      forecast = nothing;
    }
    const holding = index.holdings.get(shard.name)!;
    const ahead = lookAhead(forecast, ticks + 1);
    const its = measured.get(shard.name);
    let active = 0;
    for (const { units } of holding.active) active += units;
    if (which === 'shadow') active += ofOthers(shard, its, holding, index.unit);
    const { unusual } = forecast;
    const instead =
      isKnown && its !== undefined && settings.forecast.withhold > 0 ? insteadOf(its, forecast) : undefined;
    const pressure = pressureOf(shard, its, holding, index.unit, instead);
    const unmet = unmetPrice(shard, settings);
    const serving = active - holding.doomed + holding.coming;
    const isHeld = unusual?.withheld === true;
    const asleep =
      sleeps(shard, ahead, serving > 0, wakeLead(settings)) && !((late || isHeld) && serving > 0);
    const slices = (instances: number) => instances / index.unit;
    const slice = (shard.capacity.perInstance * index.unit) / pressure;
    const ceiling = slices(shard.max ?? settings.fleet.max);
    // Awake, even a standby shard that is guaranteed nothing serves.
    const least = Math.max(slices(shard.guarantee), shard.standby === undefined ? 0 : 1);
    let floor = asleep ? 0 : Math.min(ceiling, least);
    const isUnsure = late || isHeld;
    if (isUnsure) floor = Math.max(floor, Math.min(ceiling, serving + notReplaced(holding)), serving);
    const most = isHeld ? Math.min(ceiling, Math.max(floor, surelyNeeded(ahead, slice))) : ceiling;
    // In hold the size is kept: what was lost comes back, one for one, and nothing else moves.
    const holdAt = snapshot.holdAt?.[shard.name];
    const held = holdAt === undefined ? serving + notReplaced(holding) : slices(holdAt);
    planned.push({
      settings: shard,
      mode,
      holding,
      forecast,
      isKnown,
      forecastAge,
      late,
      ...(isHeld && { held: unusual }),
      pressure,
      asleep,
      ahead,
      slice,
      worth: asleep ? 0 : unmet / perSlice,
      serving,
      // What is only on its way cannot be given back yet.
      floor: mode === 'hold' ? Math.max(held, serving) : Math.max(floor, holding.coming),
      ceiling: mode === 'hold' ? Math.max(held, serving) : Math.max(most, isUnsure ? serving : 0),
      priority: shard.priority,
    });
  }
  return planned;
}

/**
 * How old what is known of a shard's load to come is, and whether that is too old. What was made a minute ago from load
 * of an hour ago knows no more than what was made an hour ago.
 */
function ageOf(forecast: Forecast | undefined, at: Seconds, settings: Settings) {
  const { every } = settings.forecast;
  if (forecast === undefined) return { forecastAge: Number.POSITIVE_INFINITY, late: true };
  const ofLoad = at - forecast.knownUntil;
  // Load that is withheld has come in time.
  if (
    forecast.unusual?.withheld !== true &&
    ofLoad > FORECAST_LATE + settings.metrics.delay + settings.metrics.every + every
  )
    return { forecastAge: ofLoad, late: true };
  const forecastAge = at - (forecast.madeAt ?? forecast.at);
  return { forecastAge, late: forecastAge > Math.max(FORECAST_LATE, 2 * every) };
}

/** In place of a forecast that is missing: no load at any time. */
function nothingKnown(settings: Settings, at: Seconds): Forecast {
  const quantiles = LEVELS.map(() => 0);
  const horizons = planningHorizons(settings).map((ahead) => ({ ahead, quantiles }));
  return { shard: '', at, knownUntil: Number.NEGATIVE_INFINITY, horizons, method: 'nothing known' };
}

/** Units that serve the shard's own target group and are not slices of ours, as far as that is measured. */
function ofOthers(shard: ShardSettings, measured: Measured | undefined, { active }: Holding, unit: number) {
  if (shard.targetGroup === undefined) return 0;
  return Math.max(0, (measured?.healthyHosts ?? 0) - active.length) / unit;
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
 * @param instead of the measured load, where that is not believed. Then utilisation must tell of itself: up to 1, since
 *   more is load over capacity, and above its bound.
 */
function pressureOf(
  shard: ShardSettings,
  measured: Measured | undefined,
  holding: Holding,
  unit: number,
  instead?: Expected,
): number {
  if (measured === undefined) return 1;
  // Only what served when that load was measured.
  const { time = Number.NEGATIVE_INFINITY } = measured;
  let capacity = 0;
  for (const { units, slice } of holding.active) {
    if (slice.placement.since <= time) capacity += units * unit * shard.capacity.perInstance;
  }
  const load = instead?.median ?? measured.load;
  const expected = capacity > 0 && load !== undefined ? load / capacity : 1;
  let pressure = 1;
  const { utilization, latency } = measured;
  const tells = (share: number) => instead === undefined || (share <= 1 && share > shard.react.utilization);
  if (
    utilization !== undefined &&
    tells(utilization) &&
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
