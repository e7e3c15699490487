import { describe, expect, it } from 'vitest';
import { hourlyForecast, hourlyValues } from '../../backtest/policies/hourly-forecast.ts';
import { forecastFloor, PREDICTIVE } from '../../backtest/policies/predictive.ts';
import { USUAL } from '../../backtest/policies/usual.ts';
import { config, KNOB } from './helpers.ts';

/** Low by night, high from 8:00 to 20:00, the same every day. */
function daily(days: number, low = 1, high = 8): Float64Array {
  return Float64Array.from({ length: days * 1440 }, (_, t) => {
    const hour = Math.floor(t / 60) % 24;
    return hour >= 8 && hour < 20 ? high : low;
  });
}

describe('the hourly forecast', () => {
  it('repeats a daily rhythm after some days', () => {
    const { inForce, before } = hourlyForecast(hourlyValues(daily(5), false), 0);
    for (let h = 72; h < 120; h++) {
      const truth = h % 24 >= 8 && h % 24 < 20 ? 8 : 1;
      expect(inForce[h]).toBeCloseTo(truth, 0);
      expect(before[h]).toBeCloseTo(truth, 0);
    }
  });

  it('knows nothing of the hours to come', () => {
    const values = hourlyValues(daily(6), false);
    const changed = values.slice().fill(99, 100);
    const [a, b] = [hourlyForecast(values, 0), hourlyForecast(changed, 0)];
    // Hour 100 lies after the renewal at 96; the next, at 102, is the first that may tell them apart.
    expect(b.inForce.slice(0, 102)).toEqual(a.inForce.slice(0, 102));
    expect(b.before.slice(0, 103)).toEqual(a.before.slice(0, 103));
    expect(b.inForce[102]).not.toBe(a.inForce[102]);
  });

  it('does not see the hour that is not complete when metrics are late', () => {
    const values = hourlyValues(daily(6), false);
    const changed = values.slice().fill(99, 101);
    const [a, b] = [hourlyForecast(values, 1), hourlyForecast(changed, 1)];
    expect(b.inForce.slice(0, 108)).toEqual(a.inForce.slice(0, 108));
  });

  it('takes the mean or the peak of an hour', () => {
    const load = Float64Array.from({ length: 60 }, (_, t) => (t === 7 ? 61 : 1));
    expect([...hourlyValues(load, false)]).toEqual([2]);
    expect([...hourlyValues(load, true)]).toEqual([61]);
  });
});

describe('predictive scaling', () => {
  it('asks for the hour’s capacity from the hour on, and before it by the buffer', () => {
    const forecast = {
      inForce: Float64Array.of(1, 5, 2, Number.NaN),
      before: Float64Array.of(1, 5, 2, Number.NaN),
    };
    const floor = forecastFloor(forecast, 180, 1, 5);
    expect([floor[54], floor[55], floor[60], floor[119], floor[120]]).toEqual([1, 5, 5, 5, 2]);
  });

  it('has the morning’s capacity before the morning', () => {
    const load = daily(10);
    const knob = { ...KNOB, prepared: 1, buffer: 5 };
    const [peer] = PREDICTIVE;
    expect(peer!.run(load, 7 * 1440, 1, config(), knob).unmet).toBe(0);
    // Forecasts that ask for a tenth of it leave the morning to target tracking, which comes late.
    expect(peer!.run(load, 7 * 1440, 1, config(), { ...knob, ratio: 10 }).unmet).toBeGreaterThan(0);
  });

  it('never scales in on a forecast', () => {
    // Until the last day's load stays high through the night that the forecast says is low.
    const load = daily(10);
    load.fill(8, 9 * 1440);
    const result = PREDICTIVE[0]!.run(load, 9 * 1440 + 20 * 60, 1, config(), { ...KNOB, buffer: 5 });
    expect(result).toEqual({ instanceMinutes: 8 * 240, unmet: 0, load: 8 * 240 });
  });

  it('is set as usual to 70 %', () => {
    const load = Float64Array.from({ length: 4 * 1440 }, () => 7);
    const result = USUAL.run(load, 3 * 1440, 1, config(), USUAL.starts[0]!);
    expect(result.instanceMinutes).toBe(10 * 1440);
  });
});
