import type { Seconds } from '../../time.ts';
import { type Forecast, type Indicators, type KeptForecaster, LEVELS, type Unusual } from '../forecast.ts';
import { IndicatorSources } from '../indicators/sources.ts';
import { type Grid, KnownGrid } from './grid.ts';
import { leadsFor } from './leads.ts';
import { Pass } from './pass.ts';
import type { Points } from './points.ts';

/** Where a series is forecast from: all its points at or before `origin` are known. */
export interface Origin {
  readonly series: string;
  readonly origin: Seconds;
}

/** Quantiles that are given for each target. */
export const GIVEN = [0.1, 0.5, 0.9, 0.95, 0.99] as const satisfies readonly (typeof LEVELS)[number][];
const AT = GIVEN.map((level) => LEVELS.indexOf(level));

/** What a forecaster of one series is made for. */
export interface Wanted {
  readonly series: string;
  readonly grid: Grid;
  /** Distances from newest point to target at which forecasts are needed (s, ascending, whole steps). */
  readonly leads: readonly Seconds[];
  /** What may lead it. */
  readonly indicators: Indicators;
}

export interface Run {
  readonly series: readonly Points[];
  readonly origins: readonly Origin[];
  /** Seconds ahead, in any order. */
  readonly horizons: readonly Seconds[];
  /** Series that may lead one of these, by name. @default none but the sum of the others */
  readonly indicators?: (series: string) => ReadonlyMap<string, Points>;
  readonly make: (wanted: Wanted, state?: Uint8Array) => KeptForecaster;
  /** Told of origins whose newest loads the forecaster withholds. */
  readonly onWithheld?: (origin: Origin, unusual: Unusual) => void;
  /** Told how many origins are done. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Forecasts many origins of many series: each series in one pass, or in two where some of its origins are on the
 * grid and some are not, because these need other leads.
 * @returns the quantiles {@link GIVEN} of each horizon of each origin, in the order of both
 * @throws {RangeError} for an origin of a series that there is none of
 */
export function forecastOrigins(run: Run): Float64Array {
  const { series, origins, horizons, make, onProgress, onWithheld } = run;
  const ascending = [...new Set(horizons)].sort((a, b) => a - b);
  const places = horizons.map((horizon) => ascending.indexOf(horizon));
  const quantiles = new Float64Array(origins.length * horizons.length * GIVEN.length);
  const grids = gridsOf(series, origins);
  const indicatorsOf = sourcesOf(run);
  let done = 0;
  for (const { points, onGrid, theirs } of groupsOf(series, origins, grids)) {
    const pass: Pass = new Pass(points, (name, grid, state) => {
      const { names, at } = indicatorsOf(name, grid.step);
      // A slot may lie after the stamps that went into it.
      const indicators = { names, at: (i: number, time: Seconds) => at(i, Math.min(time, pass.asOf)) };
      return make({ series: name, grid, leads: leadsFor(ascending, grid.step, onGrid), indicators }, state);
    });
    for (const at of theirs) {
      const { origin } = origins[at]!;
      const forecast = pass.forecast(origin, grids.get(origin)!, ascending);
      if (forecast.unusual?.withheld === true) onWithheld?.(origins[at]!, forecast.unusual);
      write(forecast, places, quantiles, at * horizons.length * GIVEN.length);
      onProgress?.(++done);
    }
  }
  return quantiles;
}

function sourcesOf({ series, indicators }: Run): (series: string, step: Seconds) => Indicators {
  const loads = new Map(series.map((points) => [points.name, points]));
  const byStep = new Map<Seconds, IndicatorSources>();
  return (name, step) => {
    const sources = byStep.get(step) ?? new IndicatorSources(loads, step);
    byStep.set(step, sources);
    return sources.of(name, indicators?.(name) ?? new Map());
  };
}

/** The grid as known at each origin. */
function gridsOf(series: readonly Points[], origins: readonly Origin[]): ReadonlyMap<Seconds, Grid> {
  const known = new KnownGrid(series);
  const times = new Set(origins.map(({ origin }) => origin));
  return new Map([...times].sort((a, b) => a - b).map((origin) => [origin, known.asOf(origin)]));
}

interface Group {
  readonly points: Points;
  readonly onGrid: boolean;
  /** Places in the list of origins, ascending by origin. */
  readonly theirs: number[];
}

function groupsOf(
  series: readonly Points[],
  origins: readonly Origin[],
  grids: ReadonlyMap<Seconds, Grid>,
): readonly Group[] {
  const byName = new Map(series.map((points) => [points.name, points]));
  const groups = new Map<string, Group>();
  for (const [at, { series: name, origin }] of origins.entries()) {
    const points = byName.get(name);
    if (points === undefined) throw new RangeError(`origin: expected a series of the load, got ${name}`);
    const { start, step } = grids.get(origin)!;
    const onGrid = (origin - start) % step === 0;
    const key = `${onGrid} ${name}`;
    const group = groups.get(key) ?? { points, onGrid, theirs: [] };
    group.theirs.push(at);
    groups.set(key, group);
  }
  for (const { theirs } of groups.values()) theirs.sort((a, b) => origins[a]!.origin - origins[b]!.origin);
  return [...groups.values()];
}

function write(forecast: Forecast, places: readonly number[], into: Float64Array, from: number): void {
  let at = from;
  for (const place of places) {
    const { quantiles } = forecast.horizons[place]!;
    for (const level of AT) into[at++] = quantiles[level]!;
  }
}
