import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Analyser, AnalyserOptions } from '../../core/forecast/analyser/analyser.ts';
import { createForecaster } from '../../core/forecast/create.ts';
import { ForecasterStateError } from '../../core/forecast/state.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { GOOD } from '../settings/sample.ts';
import { DAY_POINTS, daily, feed, forecasterOf, STEP, T0 } from './series.ts';

const HORIZONS = [0, STEP, 2 * STEP, HOUR, 3 * HOUR];

/** The same forecaster, put away and taken up again. */
function moved(forecaster: Analyser, options: Partial<AnalyserOptions> = {}): Analyser {
  const other = forecasterOf(options);
  other.restore(forecaster.state());
  return other;
}

/** Daily seasons with noise and gaps; `whole`: whole numbers, no gaps (what fills them is no whole number). */
const series = (whole: boolean) =>
  fc
    .record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      days: fc.integer({ min: 1, max: 30 }),
      level: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
      noise: fc.constantFrom(0, 0.02, 0.3),
      gap: fc.integer({ min: 0, max: 40 }),
      every: fc.integer({ min: 30, max: 900 }),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ days, gap, every, cut, ...how }) => {
      const values = daily(days, how).map((load, i) =>
        !whole && i > 0 && i % every < gap ? Number.NaN : whole ? Math.round(load) : load,
      );
      return { values, cut: Math.floor(cut * values.length) };
    });

describe('a forecaster that was put away', () => {
  it('says the same when it is taken up, to the last bit', () => {
    fc.assert(
      fc.property(series(false), ({ values }) => {
        const forecaster = forecasterOf();
        feed(forecaster, values);
        const now = T0 + values.length * STEP;
        const other = moved(forecaster);
        expect(other.forecast(now, HORIZONS)).toEqual(forecaster.forecast(now, HORIZONS));
        expect(other.knownUntil).toBe(forecaster.knownUntil);
      }),
      { numRuns: 8 },
    );
  });

  it('goes on as if nothing had been: whole loads, to the last bit', () => {
    fc.assert(
      fc.property(series(true), ({ values, cut }) => {
        const whole = forecasterOf();
        const parts = forecasterOf();
        feed(whole, values);
        feed(parts, values, { to: cut });
        const rest = moved(parts);
        feed(rest, values, { from: cut });
        const now = T0 + values.length * STEP;
        expect(rest.forecast(now, HORIZONS)).toEqual(whole.forecast(now, HORIZONS));
      }),
      { numRuns: 10 },
    );
  });

  it('goes on as if nothing had been: any loads, within half width', () => {
    fc.assert(
      fc.property(series(false), ({ values, cut }) => {
        const whole = forecasterOf();
        const parts = forecasterOf();
        feed(whole, values);
        feed(parts, values, { to: cut });
        const rest = moved(parts);
        feed(rest, values, { from: cut });
        const now = T0 + values.length * STEP;
        const expected = whole.forecast(now, HORIZONS).horizons.map((one) => Array.from(one.quantiles));
        rest.forecast(now, HORIZONS).horizons.forEach(({ quantiles }, h) => {
          const spread = expected[h]!.at(-1)! - expected[h]![0]!;
          // A rounded season moves an error on the edge of two bins to the other one: a bin in the tail is 1.3 % wide.
          expected[h]!.forEach((load, i) => {
            expect(Math.abs(quantiles[i]! - load)).toBeLessThan(1e-6 * load + 0.015 * spread + 1e-9);
          });
        });
      }),
      { numRuns: 10 },
    );
  });

  it('goes on after rings have come round, and with very large loads', () => {
    for (const level of [100, 1e29]) {
      const values = daily(40, { level, perDay: DAY_POINTS });
      const whole = forecasterOf();
      const parts = forecasterOf();
      feed(whole, values);
      feed(parts, values, { to: 35 * DAY_POINTS });
      const rest = moved(parts);
      feed(rest, values, { from: 35 * DAY_POINTS });
      const now = T0 + 40 * DAY;
      const median = (one: Analyser) => one.forecast(now, [HOUR]).horizons[0]!.quantiles[4]!;
      expect(median(rest) / median(whole)).toBeCloseTo(1, 5);
    }
  });

  it('may have seen nothing yet', () => {
    const other = moved(forecasterOf());
    expect(other.knownUntil).toBeUndefined();
    expect(other.forecast(T0, HORIZONS)).toEqual(forecasterOf().forecast(T0, HORIZONS));
    other.observe({ time: T0, load: 1 });
    expect(other.knownUntil).toBe(T0);
  });

  it.each([
    [{ leads: [600] }, 'number of leads 1, got 2'],
    [{ leads: [600, 7200] }, 'leads 1,12, got 1,6'],
    [{ step: MINUTE }, 'step 60, got 600'],
  ])('is refused under other settings: %j', (options, message) => {
    const state = forecasterOf().state();
    const refused = () => forecasterOf(options).restore(state);
    expect(refused).toThrow(ForecasterStateError);
    expect(refused).toThrow(`state of s: expected ${message}`);
  });

  it('is refused when it is of another version or damaged', () => {
    const forecaster = forecasterOf();
    feed(forecaster, daily(2));
    const state = forecaster.state();
    const other = state.slice();
    new DataView(other.buffer).setFloat64(0, 99, true);
    const cases: [Uint8Array, string][] = [
      [other, 'state of s: expected version 6, got 99'],
      [state.slice(0, 1000), 'got 1000'],
      [new Uint8Array(0), 'got 0'],
      [Uint8Array.of(...state, 0), `state: expected ${state.length} bytes, got ${state.length + 1}`],
    ];
    for (const [bytes, message] of cases) {
      expect(() => forecasterOf().restore(bytes)).toThrow(ForecasterStateError);
      expect(() => forecasterOf().restore(bytes)).toThrow(message);
    }
  });

  it('is taken up by createForecaster, from memory at any offset', () => {
    const settings = parseSettings(GOOD, 'shop.yaml');
    const forecaster = createForecaster(settings, 'catalog');
    forecaster.observe({ time: T0, load: 5 });
    const state = forecaster.state();
    const shifted = new Uint8Array(state.length + 3);
    shifted.set(state, 3);
    const other = createForecaster(settings, 'catalog', shifted.subarray(3));
    expect(other.forecast(T0 + 60, [0])).toEqual(forecaster.forecast(T0 + 60, [0]));
    expect(() =>
      createForecaster({ ...settings, metrics: { ...settings.metrics, delay: 120 } }, 'catalog', state),
    ).toThrow(ForecasterStateError);
  });
});
