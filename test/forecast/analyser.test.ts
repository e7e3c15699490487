import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { DAY_POINTS, daily, feed, forecasterOf, quantile, STEP, T0 } from './series.ts';

const HORIZONS = [0, MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR];

function expectSound(forecast: Forecast): void {
  const unsound = forecast.horizons.filter(({ quantiles }) => {
    const values = Array.from(quantiles);
    return (
      values.length !== LEVELS.length ||
      values.some((value, i) => !Number.isFinite(value) || value < (values[i - 1] ?? 0))
    );
  });
  expect(unsound).toEqual([]);
  expect(forecast.horizons.map(({ ahead }) => ahead)).toEqual(HORIZONS);
}

describe('what a forecaster refuses', () => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1.1e30])('a load of %d', (load) => {
    const forecaster = forecasterOf();
    expect(() => forecaster.observe({ time: T0, load })).toThrow(
      `load of s at ${T0}: expected a number from 0 to 1e+30, got ${load}`,
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('a time of %d', (time) => {
    for (const forecaster of [forecasterOf(), fedWith([1, 2])]) {
      expect(() => forecaster.observe({ time, load: 1 })).toThrow(
        `time of a load of s: expected epoch seconds, got ${time}`,
      );
    }
  });

  it.each([0, -1, -STEP, 0.4 * STEP])('a point %d s after the last one', (offset) => {
    const forecaster = fedWith([1, 2, 3]);
    const time = T0 + 2 * STEP + offset;
    expect(() => forecaster.observe({ time, load: 4 })).toThrow(
      `load of s: expected a point at ${T0 + 2.5 * STEP} or later, got ${time}`,
    );
  });

  it('no leads at all', () => {
    expect(() => forecasterOf({ leads: [] })).toThrow('leads: expected at least one lead of s, got none');
  });

  it('and goes on as if the refused point had not come', () => {
    const forecaster = fedWith([1, 2, 3]);
    const before = JSON.stringify(forecaster.forecast(T0 + 3 * STEP, HORIZONS));
    expect(() => forecaster.observe({ time: T0, load: 9 })).toThrow();
    expect(() => forecaster.observe({ time: T0 + 3 * STEP, load: -9 })).toThrow();
    expect(JSON.stringify(forecaster.forecast(T0 + 3 * STEP, HORIZONS))).toBe(before);
  });
});

describe('a forecast', () => {
  it('before any point is nothing, for every horizon asked for', () => {
    const forecast = forecasterOf().forecast(T0, HORIZONS);
    expectSound(forecast);
    expect(forecast.method).toBe('nothing measured yet');
    for (const { quantiles } of forecast.horizons) expect(Array.from(quantiles)).toEqual(LEVELS.map(() => 0));
  });

  it('says when it was made, what it knows and how', () => {
    const forecast = fedWith(daily(9)).forecast(T0 + 9 * DAY, [600]);
    expect(forecast).toMatchObject({ shard: 's', at: T0 + 9 * DAY, knownUntil: T0 + 9 * DAY - STEP });
    const weights = [...forecast.method.matchAll(/[a-z -]+ (\d\.\d\d)/g)].map(([, weight]) => Number(weight));
    expect(weights.length).toBeGreaterThan(0);
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 0);
  });

  it('is of the newest point on when the metrics come late', () => {
    const values = daily(9);
    const leads = [STEP, 2 * STEP, 3 * STEP];
    const forecaster = fedWith(values, { leads });
    const known = T0 + (values.length - 1) * STEP;
    const prompt = forecaster.forecast(known, [STEP, 2 * STEP, 3 * STEP]);
    const late = forecaster.forecast(known + 2 * STEP, [0, STEP]);
    expect(late.knownUntil).toBe(known);
    expect(late.horizons.map(({ quantiles }) => quantiles)).toEqual(
      prompt.horizons.slice(1).map(({ quantiles }) => quantiles),
    );
  });

  it('between two leads lies between theirs, and beyond the farthest has its time of day', () => {
    const forecaster = fedWith(daily(9), { leads: [STEP, 4 * STEP] });
    const known = T0 + (9 * DAY - STEP);
    const aheads = [0.5, 1, 1.5, 2, 3, 4, 5, 50].map((steps) => steps * STEP);
    const forecast = forecaster.forecast(known, aheads);
    LEVELS.forEach((_, i) => {
      const at = forecast.horizons.map(({ quantiles }) => quantiles[i]!);
      expect(at[0]).toEqual(at[1]);
      const direction = Math.sign(at[5]! - at[1]!);
      for (let k = 2; k <= 5; k++) expect(direction * (at[k]! - at[k - 1]!)).toBeGreaterThanOrEqual(0);
      expect(at[3]).toBeCloseTo(at[1]! + (at[5]! - at[1]!) / 3);
    });
    // Eight hours on, not one.
    const expected = daily(10, { noise: 0 })[9 * DAY_POINTS - 1 + 50]!;
    expect(quantile(forecast, 0.5, 7) / expected).toBeCloseTo(1, 0);
    expect(quantile(forecast, 0.99, 1)).not.toBe(quantile(forecast, 0.99, 5));
  });

  it('depends on nothing that comes after it: not by later points, not by being asked twice', () => {
    const values = daily(10);
    const garbled = values.map((value, i) => (i > 1200 ? 1e4 * ((i * 7919) % 13) : value));
    const runs = [values, garbled].map((series) => {
      const forecaster = forecasterOf();
      const made: Forecast[] = [];
      series.forEach((load, i) => {
        forecaster.observe({ time: T0 + i * STEP, load });
        if (i % 50 === 0 && i <= 1200) made.push(forecaster.forecast(T0 + i * STEP, HORIZONS));
        if (series === garbled) forecaster.forecast(T0 + i * STEP, [HOUR]);
      });
      return JSON.stringify(made);
    });
    expect(runs[0]).toBe(runs[1]);
  });

  it('is the same for the same points', () => {
    const [one, two, other] = [1, 1, 2].map((seed) =>
      JSON.stringify(fedWith(daily(9, { seed })).forecast(T0 + 9 * DAY, HORIZONS)),
    );
    expect(one).toBe(two);
    expect(one).not.toBe(other);
  });

  it('of a shard does not mind the shard beside it', () => {
    const alone = fedWith(daily(9));
    const [one, two] = [forecasterOf(), forecasterOf()];
    daily(9).forEach((load, i) => {
      one.observe({ time: T0 + i * STEP, load });
      two.observe({ time: T0 + i * STEP, load: 1000 - load });
    });
    const at = T0 + 9 * DAY;
    expect(one.forecast(at, HORIZONS)).toEqual(alone.forecast(at, HORIZONS));
  });
});

describe('quantiles are finite, never negative and never fall with the level', () => {
  const shapes: Record<string, (i: number, noise: number) => number> = {
    constant: () => 42,
    nothing: () => 0,
    noise: (_, noise) => noise,
    bursts: (i, noise) => (i % 97 === 0 ? 1000 * noise : 0),
    'one spike': (i) => (i === 700 ? 1e6 : 0),
    'a shard that emerges': (i, noise) => (i < 1100 ? 0 : 100 + noise),
    'a shard that dies': (i, noise) => (i < 900 ? 100 + noise : 0),
    'a ramp': (i) => i,
    'ever more': (i) => 1.02 ** i,
  };

  it.each(Object.keys(shapes))('%s', (name) => {
    const noises = daily(10, { noise: 0.5 });
    for (const scale of [1e-9, 1, 1e12]) {
      const forecaster = forecasterOf();
      noises.forEach((noise, i) => {
        forecaster.observe({ time: T0 + i * STEP, load: scale * shapes[name]!(i, noise) });
        if (i < 5 || i % 101 === 0) expectSound(forecaster.forecast(T0 + i * STEP, HORIZONS));
      });
      expectSound(forecaster.forecast(T0 + 10 * DAY, HORIZONS));
    }
  });

  it('any series, however large or small, with any gaps', () => {
    const load = fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 1e30, noNaN: true }),
    );
    const points = fc.array(fc.tuple(load, fc.constantFrom(1, 1, 1, 2, 150)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(points, (series) => {
        const forecaster = forecasterOf();
        let time = T0;
        for (const [value, steps] of series) {
          forecaster.observe({ time, load: value });
          expectSound(forecaster.forecast(time, HORIZONS));
          time += steps * STEP;
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('constant load is forecast as it is, within a few percent', () => {
    const forecast = fedWith(new Array(1500).fill(42)).forecast(T0 + 1500 * STEP, HORIZONS);
    for (const { quantiles } of forecast.horizons) {
      expect(quantiles[0]).toBeGreaterThan(40);
      expect(quantiles[11]).toBeLessThan(44);
    }
  });

  it('no load is forecast as none', () => {
    const forecast = fedWith(new Array(1500).fill(0)).forecast(T0 + 1500 * STEP, HORIZONS);
    for (const { quantiles } of forecast.horizons) expect(quantiles[11]).toBeLessThan(1e-6);
  });

  it('load after weeks of none does not look like a million times itself', () => {
    // Shapes are sorted anew at the 1440th error.
    const forecaster = fedWith(new Array(1300).fill(0));
    daily(4, { noise: 0.1 }).forEach((load, i) => {
      forecaster.observe({ time: T0 + (1300 + i) * STEP, load });
      const forecast = forecaster.forecast(T0 + (1300 + i) * STEP, HORIZONS);
      expect(quantile(forecast, 0.999, 4)).toBeLessThan(10_000);
    });
  });
});

describe('other steps than a minute', () => {
  it.each([10, 60, 300, 3600])('%d s', (step) => {
    const perDay = DAY / step;
    const days = step < 60 ? 1.3 : 9;
    const values = daily(days, { noise: 0, perDay });
    const forecaster = new Analyser({ shard: 's', leads: [HOUR], step });
    feed(forecaster, values, { step });
    const now = T0 + (values.length - 1) * step;
    const forecast = forecaster.forecast(now, [HOUR]);
    expect(forecast.knownUntil).toBe(now);
    const expected = daily(days + 1, { noise: 0, perDay })[values.length - 1 + HOUR / step]!;
    expect(Math.abs(quantile(forecast, 0.5) / expected - 1)).toBeLessThan(step < 60 ? 0.2 : 0.05);
  });

  it('points a little off the grid are taken as on it', () => {
    const [even, uneven] = [forecasterOf(), forecasterOf()];
    daily(9).forEach((load, i) => {
      even.observe({ time: T0 + i * STEP, load });
      uneven.observe({ time: T0 + i * STEP + (i > 0 ? ((i * 37) % 200) - 100 : 0), load });
    });
    expect(uneven.forecast(T0 + 9 * DAY, HORIZONS)).toEqual(even.forecast(T0 + 9 * DAY, HORIZONS));
  });
});

function fedWith(values: ArrayLike<number>, options: Parameters<typeof forecasterOf>[0] = {}): Analyser {
  const forecaster = forecasterOf(options);
  feed(forecaster, values);
  return forecaster;
}
