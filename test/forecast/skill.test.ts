import { describe, expect, it } from 'vitest';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { HOUR, type Seconds } from '../../core/time.ts';
import { DAY_POINTS, daily, forecasterOf, quantile, STEP, T0 } from './series.ts';

const AHEAD: Seconds = HOUR;
const POINTS = AHEAD / STEP;

interface Scored {
  /** |median − load| of each judged point, and the same for the last value. */
  readonly error: number[];
  readonly lastValue: number[];
  /** Share of judged points at or below each of {@link LEVELS}. */
  readonly coverage: number[];
}

/** Forecasts each point of `[from, to)` an hour before, having seen just what came until then. */
function score(values: readonly number[], from: number, to = values.length): Scored {
  const forecaster = forecasterOf({ leads: [AHEAD] });
  const error: number[] = [];
  const lastValue: number[] = [];
  const below = LEVELS.map(() => 0);
  for (let i = 0; i + POINTS < to; i++) {
    forecaster.observe({ time: T0 + i * STEP, load: values[i]! });
    if (i + POINTS < from) continue;
    const forecast = forecaster.forecast(T0 + i * STEP, [AHEAD]);
    const load = values[i + POINTS]!;
    error.push(Math.abs(quantile(forecast, 0.5) - load));
    lastValue.push(Math.abs(values[i]! - load));
    LEVELS.forEach((level, k) => {
      if (load <= quantile(forecast, level)) below[k]! += 1;
    });
  }
  return { error, lastValue, coverage: below.map((n) => n / error.length) };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const days = (n: number) => n * DAY_POINTS;

describe('on a daily season', () => {
  const scored = score(daily(28), days(14));
  const covered = (level: (typeof LEVELS)[number]) => scored.coverage[LEVELS.indexOf(level)]!;

  it('is far better than the last value, an hour ahead', () => {
    expect(mean(scored.error)).toBeLessThan(0.4 * mean(scored.lastValue));
  });

  it('has quantiles that hold what they say', () => {
    expect(covered(0.9)).toBeGreaterThan(0.85);
    expect(covered(0.9)).toBeLessThan(0.95);
    expect(covered(0.5)).toBeGreaterThan(0.43);
    expect(covered(0.5)).toBeLessThan(0.57);
    expect(covered(0.1)).toBeGreaterThan(0.06);
    expect(covered(0.1)).toBeLessThan(0.14);
    expect(covered(0.99)).toBeGreaterThan(0.975);
  });

  it('is as good for any unit of load', () => {
    const bytes = score(daily(16, { level: 1e9 }), days(14));
    const requests = score(daily(16, { level: 1e3 }), days(14));
    expect(mean(bytes.error) / 1e9).toBeCloseTo(mean(requests.error) / 1e3, 4);
  });
});

it('without a season is hardly worse than the last value', () => {
  let at = 100;
  const walk = daily(16, { noise: 0.2 }).map((value, i) => {
    at = Math.max(1, at + (value / (1 - 0.6 * Math.cos((2 * Math.PI * i) / DAY_POINTS)) - 100) / 10);
    return at;
  });
  const scored = score(walk, days(8));
  expect(mean(scored.error)).toBeLessThan(1.15 * mean(scored.lastValue));
});

it('on a weekly season knows the weekend from the second week on', () => {
  const flat = daily(35, { noise: 0.02 });
  const weekly = flat.map((load, i) => (Math.floor(i / DAY_POINTS) % 7 >= 5 ? 0.3 * load : load));
  // Noon to evening of the fifth week's Saturday: the load of a weekday would move three times as much.
  const [from, to] = [days(28 + 5.3), days(28 + 5.9)];
  const scored = score(weekly, from, to);
  expect(mean(scored.error)).toBeLessThan(0.6 * mean(scored.lastValue));
  expect(mean(scored.error)).toBeLessThan(3 * mean(score(flat, from, to).error));
});

it('follows a shift of the level within hours, and is as sure as before a few days later', () => {
  const shift = days(12);
  const shifted = daily(24, { noise: 0.03 }).map((load, i) => (i < shift ? load : 2.5 * load));
  const before = mean(score(shifted, days(10), shift).error);
  const once = mean(score(shifted, shift, shift + POINTS).error);
  const hours = mean(score(shifted, shift + DAY_POINTS / 4, shift + DAY_POINTS).error);
  const later = mean(score(shifted, days(20)).error);
  expect(once).toBeGreaterThan(10 * before);
  expect(hours).toBeLessThan(0.5 * once);
  // The noise is 2.5 times what it was.
  expect(later / 2.5).toBeLessThan(1.5 * before);
});

describe('when the clocks change', () => {
  // Office hours in local time: a steep rise, an hour earlier or later in UTC from the 14th day on.
  const office = (shift: number) => {
    const noise = daily(28, { noise: 0.02, level: 1 });
    return noise.map((value, i) => {
      const local = i + (i >= days(14) ? shift * (HOUR / STEP) : 0);
      const hour = ((local % DAY_POINTS) * 24) / DAY_POINTS;
      const season = 1 - 0.6 * Math.cos((2 * Math.PI * i) / DAY_POINTS);
      return (hour >= 8 && hour < 18 ? 100 : 20) * (value / season);
    });
  };

  it.each([1, -1])('by %d h, it has learnt the new hours within a week', (shift) => {
    const values = office(shift);
    const before = mean(score(values, days(12), days(14)).error);
    const first = mean(score(values, days(14), days(15)).error);
    const later = mean(score(values, days(21), days(23)).error);
    expect(first).toBeGreaterThan(1.5 * before);
    expect(later).toBeLessThan(1.5 * before);
  });
});
