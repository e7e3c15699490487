import { planningHorizons } from '../../core/capacity/horizons.ts';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import type { Forecast } from '../../core/forecast/forecast.ts';
import { MINUTE } from '../../core/time.ts';
import { capacities, type ModelConfig, type ModelTrace, type Outcome } from '../model/model.ts';
import { hoursAt, paretoFront } from '../model/pareto.ts';
import { SliceWorld } from './slice-world.ts';

const DAY_MINUTES = 1440;
/** Only so many judged days are played, the busiest ones: single slices cost far more to play than counts. */
export const PACKED_DAYS = 7;
const SLICES = 4;
/** What unmet load costs, over the instance that would have served it: around where one in a thousand is missed. */
const WORTHS = [6, 10, 16, 28];
const MOST_PASSES = 4;
const STEP = 1.8;

export interface PackedVsWhole {
  /** Hours with shared instances over hours with whole ones, at the unmet share. `NaN` where one never gets there. */
  readonly ratio: number;
  readonly packed: readonly Outcome[];
  readonly whole: readonly Outcome[];
}

/**
 * What sharing instances saves: ours as the real planner makes it, with four slices per instance against whole ones,
 * same instance type and capacity, same forecasts. Plays the {@link PACKED_DAYS} judged days in a row that need most
 * instances; all before them is history.
 * @param share unmet over total load at which the hours are compared
 * @param report gets the share of the work that is done
 */
export function packedVsWhole(
  trace: ModelTrace,
  config: ModelConfig,
  share = 0.001,
  report: (done: number) => void = () => undefined,
): PackedVsWhole {
  const found: Record<'packed' | 'whole', Outcome[]> = { packed: [], whole: [] };
  const asked = { packed: WORTHS, whole: WORTHS };
  const from = busiestFrom(trace, config);
  for (let pass = 0; pass < MOST_PASSES && asked.packed.length + asked.whole.length > 0; pass++) {
    const packed = asked.packed.map((worth) => new SliceWorld(trace, config, worth, SLICES, from));
    const whole = asked.whole.map((worth) => new SliceWorld(trace, config, worth, 1, from));
    playSlices(trace, config, [...packed, ...whole], from, (done) =>
      report(1 - 0.2 ** pass * (1 - 0.8 * done)),
    );
    found.packed.push(...packed.map((world) => world.outcome()));
    found.whole.push(...whole.map((world) => world.outcome()));
    asked.packed = missing(found.packed, share, asked.packed);
    asked.whole = missing(found.whole, share, asked.whole);
  }
  report(1);
  const hours = (outcomes: readonly Outcome[]) => hoursAt(paretoFront(outcomes), share) ?? Number.NaN;
  return { ratio: hours(found.packed) / hours(found.whole), ...found };
}

/** Plays worlds through {@link PACKED_DAYS} days in lockstep: forecasts are made once for all of them. */
export function playSlices(
  trace: ModelTrace,
  config: ModelConfig,
  worlds: readonly SliceWorld[],
  from = trace.history,
  report: (done: number) => void = () => undefined,
): void {
  if (worlds.length === 0) return;
  const { shards } = worlds[0]!.settings;
  const late = 1 + config.delay;
  const horizons = planningHorizons(worlds[0]!.settings);
  const leads = horizons.map((ahead) => ahead + late * MINUTE);
  const forecasters = shards.map(({ name }) => new Analyser({ shard: name, leads }));
  const end = Math.min(trace.load[0]!.length, from + PACKED_DAYS * DAY_MINUTES);
  for (let t = 0; t < end; t++) {
    const known = t - late;
    forecasters.forEach((one, s) => {
      if (known >= 0) one.observe({ time: trace.start + known * MINUTE, load: trace.load[s]![known]! });
    });
    if (t < from) continue;
    const forecasts = new Map<string, Forecast>();
    forecasters.forEach((one, s) => {
      forecasts.set(shards[s]!.name, one.forecast(trace.start + t * MINUTE, horizons));
    });
    for (const world of worlds) world.step(t, forecasts);
    if (t % 60 === 0) report((t - from) / (end - from));
  }
}

/** Where the judged days begin that need most instances, all shards together; whole days after the history. */
function busiestFrom(trace: ModelTrace, config: ModelConfig): number {
  const days: number[] = [];
  capacities(trace, config).forEach((capacity, s) => {
    const load = trace.load[s]!;
    for (let t = trace.history; t < load.length; t++) {
      const day = Math.floor((t - trace.history) / DAY_MINUTES);
      days[day] = (days[day] ?? 0) + load[t]! / capacity;
    }
  });
  const last = Math.max(0, Math.floor((trace.load[0]!.length - trace.history) / DAY_MINUTES) - PACKED_DAYS);
  const sums = Array.from({ length: last + 1 }, (_, day) =>
    days.slice(day, day + PACKED_DAYS).reduce((sum, one) => sum + one, 0),
  );
  return trace.history + sums.indexOf(Math.max(...sums)) * DAY_MINUTES;
}

/** Further settings when all tried so far lie on one side of the share. */
function missing(found: readonly Outcome[], share: number, last: readonly number[]): number[] {
  const front = paretoFront(found);
  if (last.length === 0) return [];
  if (front[0]!.unmet > share) return [STEP * Math.max(...last), STEP ** 2 * Math.max(...last)];
  if (front.at(-1)!.unmet <= share) return [Math.min(...last) / STEP, Math.min(...last) / STEP ** 2];
  return [];
}
