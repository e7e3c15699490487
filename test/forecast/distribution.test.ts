import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blend, Distribution } from '../../core/forecast/distribution.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { quantilesArbitrary } from './series.ts';

/** ∫ max(0, Q(p) − capacity) dp by the midpoint rule, finer towards the tail. */
function integrated(load: Distribution, capacity: number): number {
  let sum = 0;
  const strip = (from: number, to: number, steps: number) => {
    for (let i = 0; i < steps; i++) {
      const p = from + ((i + 0.5) / steps) * (to - from);
      sum += (Math.max(0, load.at(p) - capacity) * (to - from)) / steps;
    }
  };
  strip(0, 0.01, 10);
  for (let i = 1; i < LEVELS.length; i++) strip(LEVELS[i - 1]!, LEVELS[i]!, 200);
  for (let rare = 1e-3; rare > 1e-12; rare /= 2) strip(1 - rare, 1 - rare / 2, 50);
  return sum;
}

const capacityArbitrary = fc.double({ min: 0, max: 15_000, noNaN: true });

describe('a distribution by hand', () => {
  // Uniform on [0, 100] between the levels 0.01 and 0.999.
  const uniform = new Distribution(LEVELS.map((level) => 100 * level));
  // The tail: from 99 to 99.9 while being exceeded becomes ten times rarer.
  const tail = 0.9 / Math.log(10);

  it('answers as the uniform distribution does', () => {
    expect(uniform.median).toBe(50);
    expect(uniform.spread).toBeCloseTo(80);
    expect(uniform.at(0.3)).toBeCloseTo(30);
    // ∫ from 0.5 to 0.999 of (100p − 50) dp, and the tail above 99.9.
    expect(uniform.excess(50)).toBeCloseTo(50 * 0.499 ** 2 + 0.001 * (49.9 + tail), 10);
    expect(uniform.excess(99.9)).toBeCloseTo(0.001 * tail, 12);
    expect(uniform.excess(99.9 + tail)).toBeCloseTo((0.001 * tail) / Math.E, 12);
    expect(uniform.at(0.9999)).toBeCloseTo(99.9 + 0.9);
  });

  it('has a point mass below the lowest quantile', () => {
    expect(uniform.at(0.001)).toBe(1);
    expect(uniform.excess(0) - uniform.excess(1)).toBeCloseTo(1);
    // Just above it, the lowest hundredth has gone.
    expect((uniform.excess(1) - uniform.excess(1.001)) / 0.001).toBeCloseTo(0.99, 4);
  });

  it('gives the load between two capacities', () => {
    expect(uniform.between(25, 75)).toBeCloseTo(25, 2);
    expect(uniform.between(0, 1e6)).toBeCloseTo(uniform.excess(0), 12);
  });
});

describe('a distribution without spread', () => {
  it.each([0, 7])('that is all %d is served by just that', (value) => {
    const load = new Distribution(LEVELS.map(() => value));
    expect([load.median, load.spread, load.at(0.001), load.at(0.99999)]).toEqual([value, 0, value, value]);
    expect(load.excess(value)).toBe(0);
    expect(load.excess(value + 1)).toBe(0);
    expect(load.excess(value - 3)).toBeCloseTo(3);
    expect(load.between(value, value + 1)).toBe(0);
  });

  it('has no tail where the top quantiles are equal', () => {
    const load = new Distribution([0, 0, 0, 0, 0, 0, 0, 5, 9, 9, 9, 9]);
    expect(load.excess(9)).toBe(0);
    expect(load.at(0.999999)).toBe(9);
    // 0 → 5 between .9 and .95, 5 → 9 between .95 and .98, 9 above.
    expect(load.excess(0)).toBeCloseTo(0.05 * 2.5 + 0.03 * 7 + 0.02 * 9);
  });
});

describe('any distribution', () => {
  it('has the excess that integrating its quantiles gives', () => {
    fc.assert(
      fc.property(quantilesArbitrary, fc.double({ min: 0, max: 1.2, noNaN: true }), (quantiles, share) => {
        const load = new Distribution(quantiles);
        const capacity = share * quantiles.at(-1)!;
        const scale = Math.max(1e-9, quantiles.at(-1)!);
        expect(Math.abs(load.excess(capacity) - integrated(load, capacity)) / scale).toBeLessThan(1e-4);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('has an excess that falls by at most the capacity added, and convexly', () => {
    fc.assert(
      fc.property(
        quantilesArbitrary,
        capacityArbitrary,
        fc.double({ min: 0.01, max: 500, noNaN: true }),
        (q, low, width) => {
          const load = new Distribution(q);
          const first = load.between(low, low + width);
          const second = load.between(low + width, low + 2 * width);
          const ulps = 1e-9 * (1 + load.excess(0));
          expect(first).toBeGreaterThanOrEqual(0);
          expect(second).toBeGreaterThanOrEqual(0);
          expect(first).toBeLessThanOrEqual(width + ulps);
          expect(second).toBeLessThanOrEqual(first + ulps);
        },
      ),
      { seed: 2, numRuns: 500 },
    );
  });

  it('is inverted by at()', () => {
    fc.assert(
      fc.property(
        quantilesArbitrary,
        fc.double({ min: 0.0101, max: 0.9999, noNaN: true }),
        (quantiles, level) => {
          const load = new Distribution(quantiles);
          const here = load.at(level);
          // The slope of the excess is minus the share of the time in which the load is higher.
          const step = 1e-3 * (1 + here);
          const above = load.between(here, here + step) / step;
          const below = load.between(here - step, here) / step;
          expect(above).toBeLessThanOrEqual(1 - level + 1e-6);
          expect(below).toBeGreaterThanOrEqual(1 - level - 1e-6);
        },
      ),
      { seed: 3, numRuns: 500 },
    );
  });

  it('rises with the level and gives the quantiles back', () => {
    fc.assert(
      fc.property(quantilesArbitrary, (quantiles) => {
        const load = new Distribution(quantiles);
        LEVELS.forEach((level, i) => {
          expect(load.at(level)).toBeCloseTo(quantiles[i]!, 6);
        });
        const levels = Array.from({ length: 200 }, (_, i) => (i + 0.5) / 200);
        expect(levels.filter((level, i) => i > 0 && load.at(level) < load.at(levels[i - 1]!))).toEqual([]);
      }),
      { seed: 4, numRuns: 20 },
    );
  });
});

describe('a blend', () => {
  it('lies between its two, level by level', () => {
    const a = Float64Array.from(LEVELS, (_, i) => i);
    const b = Float64Array.from(LEVELS, (_, i) => 3 * i + 1);
    expect([...blend(a, b, 0)]).toEqual([...a]);
    expect([...blend(a, b, 1)]).toEqual([...b]);
    expect([...blend(a, b, 0.25)]).toEqual(LEVELS.map((_, i) => i + 0.25 * (2 * i + 1)));
  });
});
