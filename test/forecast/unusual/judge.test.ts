import { describe, expect, it } from 'vitest';
import { judge, type Usual } from '../../../core/forecast/unusual/judge.ts';

/** A load around 100 that never was nothing. */
const usual: Usual = {
  ...{ most: 300, least: 20, mostOfLate: 120, leastOfLate: 60 },
  ...{ zeroFrom: 0, zeros: 0, repeats: 0, longestRun: 1, run: 1 },
};

describe('a load of nothing', () => {
  it('cannot be where nothing so little was to be reckoned with', () => {
    expect(judge(0, { median: 100, low: 40, high: 200 }, usual)).toEqual({ kind: 'zero', broken: true });
    expect(judge(0, { median: 100, low: 11, high: 200 }, usual)).toEqual({ kind: 'zero', broken: true });
  });

  it('can be where as little as a tenth of the median was: bursty loads, and small ones at night', () => {
    expect(judge(0, { median: 100, low: 10, high: 200 }, usual)).toBeUndefined();
    expect(judge(0, { median: 100, low: 0, high: 200 }, usual)).toBeUndefined();
  });

  it('can be where the load went to nothing from no less before, or mostly is nothing', () => {
    const expected = { median: 100, low: 40, high: 200 };
    expect(judge(0, expected, { ...usual, zeroFrom: 25 })).toBeUndefined();
    expect(judge(0, expected, { ...usual, zeros: 0.8 })).toBeUndefined();
  });
});
