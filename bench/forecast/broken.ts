import { DEFAULT_MODEL, type ModelTrace } from '../../backtest/model/model.ts';
import { SliceWorld } from '../../backtest/policies/slice-world.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { createForecaster } from '../../core/forecast/create.ts';
import type { KeptForecaster } from '../../core/forecast/forecast.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { MINUTE } from '../../core/time.ts';
import { readTraces } from '../capacity/traces.ts';
import { geometricMean } from '../lib/results.ts';

/** What is measured instead of the load, `before` being the last good value. The load itself goes on. */
const KINDS = {
  flat: (_load: number, before: number) => before,
  zero: () => 0,
  x1000: (load: number) => 1000 * load,
} as const;
type Kind = keyof typeof KINDS;

/** Minutes that play goes on before the metric breaks, that it is broken, and that are judged in all. */
const BEFORE = 60;
const BROKEN = 30;
const JUDGED = 150;
/** Hours after the history at which the metric breaks: at four times of the day, each on its own. */
const AT = [3, 15, 27, 39];
const BUSIEST = 3;
/** Unmet load over the instance that would have served it: around where one in a thousand is missed. */
const WORTH = 16;

export interface BrokenRow {
  readonly set: string;
  readonly kind: Kind;
  /** Instance-hours over those of the clean run, and load left unmet more than there (share of all). */
  readonly hours: number;
  readonly unmet: number;
  /** The same where every load is believed. */
  readonly hoursBelieving: number;
  readonly unmetBelieving: number;
}

export interface BrokenFigures {
  /** Geometric mean of {@link BrokenRow.hours}. */
  readonly brokenMetricHours: number;
  readonly rows: readonly BrokenRow[];
}

/**
 * Metrics that break for half an hour, played by the real planner in the minute model: all shards of a trace at once.
 * @param load files of traces. @throws {InputError} of a file that is none
 */
export async function measureBroken(load: readonly string[], hours = AT): Promise<BrokenFigures> {
  const traces = await readTraces(load, { busiest: BUSIEST, days: 2 });
  const rows = traces.flatMap((trace) => rowsOf(trace, hours));
  return { brokenMetricHours: geometricMean(rows.map(({ hours }) => hours)) ?? Number.NaN, rows };
}

interface Played {
  readonly hours: number;
  readonly unmet: number;
  readonly load: number;
}

function rowsOf(trace: ModelTrace, hours: readonly number[]): BrokenRow[] {
  const { settings } = new SliceWorld(trace, DEFAULT_MODEL, WORTH, 1);
  const believing = { ...settings, forecast: { ...settings.forecast, withhold: 0 } };
  const forecasters = settings.shards.map(({ name }) => createForecaster(settings, name));
  const sums = new Map<string, Played>();
  const add = (key: string, { hours, unmet, load }: Played) => {
    const so = sums.get(key) ?? { hours: 0, unmet: 0, load: 0 };
    sums.set(key, { hours: so.hours + hours, unmet: so.unmet + unmet, load: so.load + load });
  };
  let fed = 0;
  for (const breaks of hours.map((hour) => trace.history + hour * 60)) {
    const from = breaks - BEFORE;
    if (breaks + JUDGED > trace.load[0]!.length) break;
    for (; fed < from; fed++)
      feed(
        forecasters,
        trace,
        fed,
        trace.load.map((values) => values[fed]!),
      );
    // What a forecaster has learned of good load does not depend on what it would withhold.
    const states = forecasters.map((one) => one.state());
    for (const [how, its] of [
      ['', settings],
      ['believing', believing],
    ] as const) {
      add(`clean ${how}`, play(trace, its, states, from, breaks));
      for (const kind of Object.keys(KINDS) as Kind[])
        add(`${kind} ${how}`, play(trace, its, states, from, breaks, KINDS[kind]));
    }
  }
  // A trace that is too short, or that has not begun by then.
  if (!(sums.get('clean ')?.load ?? 0)) return [];
  const against = (kind: Kind, how: string) => {
    const [one, clean] = [sums.get(`${kind} ${how}`)!, sums.get(`clean ${how}`)!];
    return { hours: one.hours / clean.hours, unmet: (one.unmet - clean.unmet) / clean.load };
  };
  return (Object.keys(KINDS) as Kind[]).map((kind) => {
    const { hours: hoursBelieving, unmet: unmetBelieving } = against(kind, 'believing');
    return { set: trace.name, kind, ...against(kind, ''), hoursBelieving, unmetBelieving };
  });
}

function feed(
  forecasters: readonly KeptForecaster[],
  { start }: ModelTrace,
  minute: number,
  loads: readonly number[],
): void {
  for (const [s, one] of forecasters.entries())
    one.observe({ time: start + minute * MINUTE, load: loads[s]! });
}

/** @returns what was spent and missed from the break on */
function play(
  trace: ModelTrace,
  settings: Settings,
  states: readonly Uint8Array[],
  from: number,
  breaks: number,
  measured?: (load: number, before: number) => number,
): Played {
  const world = new SliceWorld(trace, DEFAULT_MODEL, WORTH, 1, from);
  const forecasters = settings.shards.map(({ name }, s) => createForecaster(settings, name, states[s]));
  const horizons = planningHorizons(settings);
  let until: Played = { hours: 0, unmet: 0, load: 0 };
  for (let t = from; t < breaks + JUDGED; t++) {
    if (t === breaks) until = totals(world, trace, from, t);
    if (t > from) {
      const known = t - 1;
      const isBroken = measured !== undefined && known >= breaks && known < breaks + BROKEN;
      const loads = trace.load.map((values) =>
        isBroken ? measured(values[known]!, values[breaks - 1]!) : values[known]!,
      );
      feed(forecasters, trace, known, loads);
    }
    const now = trace.start + t * MINUTE;
    world.step(
      t,
      new Map(forecasters.map((one, s) => [settings.shards[s]!.name, one.forecast(now, horizons)])),
    );
  }
  const all = totals(world, trace, from, breaks + JUDGED);
  return { hours: all.hours - until.hours, unmet: all.unmet - until.unmet, load: all.load - until.load };
}

/** @param end minute up to which it was played */
function totals(world: SliceWorld, trace: ModelTrace, from: number, end: number): Played {
  const { hours, unmet } = world.outcome();
  let load = 0;
  for (const values of trace.load) for (let t = from; t < end; t++) load += values[t]!;
  return { hours, unmet: unmet * load, load };
}
