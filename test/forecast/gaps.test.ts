import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { DAY_POINTS, daily, feed, forecasterOf, quantile, STEP, T0 } from './series.ts';

/** Values without those of `[from, to)`. */
function without(values: readonly number[], from: number, to: number): number[] {
  return values.map((value, i) => (i >= from && i < to ? Number.NaN : value));
}

describe('a gap', () => {
  it.each([
    ['of half an hour', 3],
    ['of hours', 30],
    ['of days', 3 * DAY_POINTS],
    ['of twenty days', 20 * DAY_POINTS],
  ])('%s is bridged: the season afterwards is where it was', (_, points) => {
    const values = daily(34, { noise: 0 });
    const from = 10 * DAY_POINTS + 50;
    const forecaster = forecasterOf({ leads: [HOUR] });
    feed(forecaster, without(values, from, from + points), { to: from + points + 1 });
    const forecast = forecaster.forecast(T0 + (from + points) * STEP, [HOUR]);
    expect(forecast.knownUntil).toBe(T0 + (from + points) * STEP);
    const expected = values[from + points + HOUR / STEP]!;
    expect(quantile(forecast, 0.5)).toBeGreaterThan(0.93 * expected);
    expect(quantile(forecast, 0.5)).toBeLessThan(1.07 * expected);
  });

  it('while it lasts, moves the target away from the newest point', () => {
    const forecaster = forecasterOf({ leads: [STEP, HOUR, 3 * HOUR] });
    // A load that wanders: the farther the target, the wider the forecast.
    const normal = normals(7);
    let walk = 0;
    const wandering = daily(9, { level: 1000, noise: 0 }).map((load) => {
      walk += 10 * normal();
      return Math.max(0, load + walk);
    });
    feed(forecaster, wandering);
    const known = T0 + 9 * DAY - STEP;
    const [soon, later] = [0, 3 * HOUR - STEP].map((wait) => forecaster.forecast(known + wait, [STEP]));
    const width = (forecast: typeof soon) => quantile(forecast!, 0.9) - quantile(forecast!, 0.1);
    expect(later!.knownUntil).toBe(known);
    expect(width(later)).toBeGreaterThan(width(soon));
  });

  it('in the first day takes the last value', () => {
    const forecaster = forecasterOf({ leads: [STEP] });
    forecaster.observe({ time: T0, load: 10 });
    forecaster.observe({ time: T0 + 20 * STEP, load: 10 });
    const forecast = forecaster.forecast(T0 + 20 * STEP, [STEP]);
    expect(quantile(forecast, 0.5)).toBeCloseTo(10, 1);
  });

  it('is never scored: no forecast is judged by a point that it was not made for', () => {
    // A ramp: what is true one step ahead is off by 1 each time, and what is true after a gap is off by 31.
    const forecaster = forecasterOf({ leads: [MINUTE], step: MINUTE });
    const ramp = Array.from({ length: 1400 }, (_, i) => (i % 50 < 20 ? 1000 + i : Number.NaN));
    feed(forecaster, ramp, { step: MINUTE });
    const forecast = forecaster.forecast(T0 + 1369 * MINUTE, [MINUTE]);
    expect(quantile(forecast, 0.5)).toBeCloseTo(2369, -1);
    expect(quantile(forecast, 0.95) - quantile(forecast, 0.5)).toBeLessThan(5);
  });

  it('scores what was made before it for points after it', () => {
    // The last value three steps ahead on this ramp is off by 30, each time; every third point is missing.
    const forecaster = forecasterOf({ leads: [3 * MINUTE], step: MINUTE });
    const ramp = Array.from({ length: 1400 }, (_, i) => (i % 3 === 2 ? Number.NaN : 10 * i));
    feed(forecaster, ramp, { step: MINUTE });
    const forecast = forecaster.forecast(T0 + 1399 * MINUTE, [3 * MINUTE]);
    // 400 errors and more: the shape is their own, all above the last value.
    for (const level of [0.1, 0.5, 0.9] as const) {
      expect(quantile(forecast, level)).toBeGreaterThan(10 * 1399 + 20);
      expect(quantile(forecast, level)).toBeLessThan(10 * 1399 + 70);
    }
  });
});
