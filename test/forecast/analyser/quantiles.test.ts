import { describe, expect, it } from 'vitest';
import { LEVEL_COUNT, pinball, sampleQuantiles } from '../../../core/forecast/analyser/quantiles.ts';
import { LEVELS } from '../../../core/forecast/forecast.ts';
import { series } from './scene.ts';

describe('the loss of a quantile', () => {
  it('is nothing where it is met, and by its level above and below', () => {
    expect(pinball(0.9, 5, 5)).toBe(0);
    expect(pinball(0.9, 5, 6)).toBeCloseTo(0.9);
    expect(pinball(0.9, 6, 5)).toBeCloseTo(0.1);
  });

  it.each([0.1, 0.5, 0.9, 0.99])('is least at the quantile itself: %d', (level) => {
    const loads = series(1000, (i) => i);
    const mean = (quantile: number) => loads.reduce((sum, load) => sum + pinball(level, quantile, load), 0);
    for (const off of [-50, -10, 10, 50]) expect(mean(1000 * level)).toBeLessThan(mean(1000 * level + off));
  });
});

describe('quantiles of samples', () => {
  const of = (...values: number[]) => {
    const into = new Float64Array(LEVEL_COUNT);
    return sampleQuantiles(Float64Array.from(values), values.length, into, 0) ? [...into] : undefined;
  };

  it('lie on straight lines between them, in whatever order they come', () => {
    const shuffled = series(101, (i) => (i * 37) % 101);
    of(...shuffled)!.forEach((quantile, i) => {
      expect(quantile).toBeCloseTo(100 * LEVELS[i]!);
    });
    expect(of(4, 1)![LEVELS.indexOf(0.25)]).toBeCloseTo(1.75);
  });

  it('leave out what is not known', () => {
    expect(of(Number.NaN, 3, Number.NaN, 1, 2)).toEqual(of(1, 2, 3));
    expect(of(7)).toEqual(LEVELS.map(() => 7));
    expect(of()).toBeUndefined();
    expect(of(Number.NaN)).toBeUndefined();
  });

  it('take the first values only, and write where they are told to', () => {
    const into = new Float64Array(3 * LEVEL_COUNT).fill(-1);
    expect(sampleQuantiles(Float64Array.of(5, 5, 900), 2, into, LEVEL_COUNT)).toBe(true);
    expect([...into.subarray(LEVEL_COUNT, 2 * LEVEL_COUNT)]).toEqual(LEVELS.map(() => 5));
    expect(into[LEVEL_COUNT - 1]).toBe(-1);
    expect(into[2 * LEVEL_COUNT]).toBe(-1);
  });
});
