import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitsAround } from '../../backtest/report/page/format.js';

describe('splits around 0', () => {
  it.each([
    [1, [-0.5, 0, 0.5]],
    [12, [-10, 0, 10]],
    [54, [-40, -20, 0, 20, 40]],
    [60, [-50, 0, 50]],
    // 100 itself would be at the edge.
    [99, [-50, 0, 50]],
    [250, [-200, 0, 200]],
    [1200, [-1000, 0, 1000]],
  ])('of %d', (most, expected) => {
    expect(splitsAround(most)).toEqual(expected);
  });

  it('are three to five, inside the edges', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (most) => {
        const splits = splitsAround(most);
        expect([3, 5]).toContain(splits.length);
        expect(splits.at(-1)).toBeLessThan(most);
        expect(splits.at(-1)).toBeGreaterThan(0.35 * most);
      }),
    );
  });
});
