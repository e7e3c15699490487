import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { aged, horizonsFor } from '../../core/forecast/aged.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { GOOD } from '../settings/sample.ts';
import { daily, feed, forecasterOf, quantilesArbitrary, STEP, T0 } from './series.ts';

const flat = (load: number) => LEVELS.map(() => load);
const forecast: Forecast = {
  shard: 's',
  at: 1000,
  knownUntil: 900,
  horizons: [
    { ahead: 0, quantiles: flat(10) },
    { ahead: 60, quantiles: flat(20) },
    { ahead: 600, quantiles: flat(110) },
  ],
  method: 'm',
};
const loads = (now: number, horizons: number[]) =>
  aged(forecast, now, horizons).horizons.map(({ quantiles }) => quantiles[4]);

describe('a forecast seen later', () => {
  it('says what it said of the same time', () => {
    expect(loads(1000, [0, 30, 60, 600])).toEqual([10, 15, 20, 110]);
    expect(loads(1060, [0, 270, 540])).toEqual([20, 65, 110]);
    expect(aged(forecast, 1060, [0])).toMatchObject({ shard: 's', at: 1060, knownUntil: 900, method: 'm' });
  });

  it('holds its ends: it knows nothing beyond', () => {
    expect(loads(1600, [0, 60, 9000])).toEqual([110, 110, 110]);
    expect(loads(900, [0, 60, 130])).toEqual([10, 10, 15]);
  });

  it('has ascending quantiles between those around it', () => {
    fc.assert(
      fc.property(
        fc.array(quantilesArbitrary, { minLength: 1, maxLength: 6 }),
        fc.nat(500),
        fc.array(fc.nat(900), { maxLength: 8 }),
        (quantiles, age, aheads) => {
          const made = { ...forecast, horizons: quantiles.map((q, i) => ({ ahead: i * 100, quantiles: q })) };
          const horizons = aheads.sort((a, b) => a - b);
          for (const [h, { ahead, quantiles: seen }] of aged(made, 1000 + age, horizons).horizons.entries()) {
            expect(ahead).toBe(horizons[h]);
            const at = (age + ahead) / 100;
            const ends = [Math.floor(at), Math.ceil(at)].map(
              (i) => made.horizons[Math.min(i, made.horizons.length - 1)]!.quantiles,
            );
            LEVELS.forEach((_, i) => {
              const [low, high] = ends.map((end) => end[i]!).sort((a, b) => a - b) as [number, number];
              expect(seen[i]).toBeGreaterThanOrEqual(low - 1e-9);
              expect(seen[i]).toBeLessThanOrEqual(high + 1e-9);
              if (i > 0) expect(seen[i]).toBeGreaterThanOrEqual(seen[i - 1]! - 1e-9);
            });
          }
        },
      ),
    );
  });

  it('is nearly what the forecaster itself would say then, without a newer point', () => {
    const forecaster = forecasterOf({ leads: [STEP, 2 * STEP, 3 * STEP, 6 * STEP] });
    feed(forecaster, daily(12));
    const now = T0 + 12 * 86_400;
    const wanted = [0, STEP, 2 * STEP];
    const made = forecaster.forecast(now, [0, STEP, 2 * STEP, 3 * STEP, 4 * STEP]);
    const later = aged(made, now + STEP, wanted);
    const own = forecaster.forecast(now + STEP, wanted);
    later.horizons.forEach(({ quantiles }, h) => {
      LEVELS.forEach((_, i) => {
        expect(quantiles[i]).toBeCloseTo(own.horizons[h]!.quantiles[i]!, 6);
      });
    });
  });
});

describe('the horizons of a forecast that is used for a while', () => {
  it('are the wanted ones, the near ones twice, few enough for one write unit', () => {
    const settings = parseSettings(GOOD, 'shop.yaml');
    for (const every of [60, 300, 900]) {
      const wanted = planningHorizons(settings);
      const horizons = horizonsFor(wanted, every);
      expect(horizons).toEqual([...new Set(horizons)].sort((a, b) => a - b));
      for (const ahead of wanted) expect(horizons).toContain(ahead);
      expect(horizons).toContain(every);
      expect(horizons.length * LEVELS.length * 4).toBeLessThan(900);
    }
  });

  it('are refused when there are none', () => {
    expect(() => aged({ ...forecast, horizons: [] }, 1000, [0])).toThrow(
      'forecast: expected at least one horizon, got none',
    );
  });
});
