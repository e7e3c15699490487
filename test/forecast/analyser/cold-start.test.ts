import { describe, expect, it } from 'vitest';
import { LEVELS } from '../../../core/forecast/forecast.ts';
import { DAY, HOUR, MINUTE } from '../../../core/time.ts';
import { daily, feed, forecasterOf, quantile, T0 } from '../series.ts';

const LEADS = [MINUTE, 15 * MINUTE, HOUR, DAY];

/** Forecasts at all leads after the first points of a morning. */
function begun(points: number, level: number) {
  const values = daily(1, { level, noise: 0.02, perDay: 1440 }).slice(600, 600 + points);
  const forecaster = forecasterOf({ leads: LEADS, step: MINUTE });
  feed(forecaster, values, { step: MINUTE });
  return { newest: values.at(-1)!, forecast: forecaster.forecast(T0 + (points - 1) * MINUTE, LEADS) };
}

describe.each([1, 3, 10, 60])('after %d points', (points) => {
  it('the newest load is what is expected, and something may come', () => {
    const { newest, forecast } = begun(points, 100);
    for (const at of [0, 1]) {
      expect(quantile(forecast, 0.5, at) / newest).toBeGreaterThan(0.9);
      expect(quantile(forecast, 0.5, at) / newest).toBeLessThan(1.1);
    }
    for (const at of [0, 1, 2, 3]) {
      expect(quantile(forecast, 0.99, at)).toBeGreaterThan(1.01 * newest);
      expect(quantile(forecast, 0.99, at)).toBeLessThan(3 * newest);
    }
    expect(forecast.method).not.toBe('');
  });

  it('it is the same for any unit', () => {
    const small = begun(points, 1e-2).forecast;
    const large = begun(points, 1e10).forecast;
    for (const at of LEADS.keys())
      for (const level of LEVELS)
        expect(quantile(large, level, at) / quantile(small, level, at) / 1e12).toBeCloseTo(1, 3);
  });
});

it('ten calm points are surer than one', () => {
  const width = (points: number) => {
    const { forecast } = begun(points, 100);
    return quantile(forecast, 0.9) - quantile(forecast, 0.1);
  };
  expect(width(10)).toBeLessThan(width(1));
  expect(width(60)).toBeLessThan(0.5 * width(1));
});

it('the second day knows the first', () => {
  const values = daily(3, { noise: 0.02, perDay: 1440 });
  const forecaster = forecasterOf({ leads: LEADS, step: MINUTE });
  const now = 1440 + 500;
  feed(forecaster, values, { step: MINUTE, to: now });
  // It rises: the last value would be a tenth too low.
  const expected = daily(3, { noise: 0, perDay: 1440 })[now - 1 + 60]!;
  const said = quantile(forecaster.forecast(T0 + (now - 1) * MINUTE, [HOUR]), 0.5);
  expect(Math.abs(said / expected - 1)).toBeLessThan(0.06);
});
