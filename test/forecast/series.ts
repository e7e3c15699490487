import fc from 'fast-check';
import { normals } from '../../backtest/model/fill.ts';
import { Analyser, type AnalyserOptions } from '../../core/forecast/analyser/analyser.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';

/** Midnight UTC on a Monday. */
export const T0 = 1_767_571_200;
/** Points per day at the step that most of these tests take, so that weeks are quick. */
export const STEP = 600;
export const DAY_POINTS = 86_400 / STEP;

export function forecasterOf(options: Partial<AnalyserOptions> = {}): Analyser {
  return new Analyser({ shard: 's', leads: [600, 3600], step: STEP, ...options });
}

/** Feeds values from index `from` on; `NaN` is a point that never came. */
export function feed(
  forecaster: Analyser,
  values: ArrayLike<number>,
  { from = 0, to = values.length, step = STEP } = {},
): void {
  for (let i = from; i < to; i++) {
    if (!Number.isNaN(values[i])) forecaster.observe({ time: T0 + i * step, load: values[i]! });
  }
}

/** A daily season of ±60 % around `level` with relative noise. */
export function daily(days: number, { level = 100, noise = 0.05, seed = 1, perDay = DAY_POINTS } = {}) {
  const normal = normals(seed);
  return Array.from({ length: Math.round(days * perDay) }, (_, i) => {
    const season = 1 - 0.6 * Math.cos((2 * Math.PI * i) / perDay);
    return Math.max(0, level * season * (1 + noise * normal()));
  });
}

/** Quantiles at a level of {@link LEVELS}, of the horizon at position `at`. */
export function quantile(forecast: Forecast, level: (typeof LEVELS)[number], at = 0): number {
  return forecast.horizons[at]!.quantiles[LEVELS.indexOf(level)]!;
}

/** Ascending, non-negative quantiles, with runs of equal ones now and then. */
export const quantilesArbitrary = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1000, noNaN: true })), {
    minLength: LEVELS.length,
    maxLength: LEVELS.length,
  })
  .map((steps) => {
    let at = 0;
    return Float64Array.from(steps, (step) => (at += step));
  });
