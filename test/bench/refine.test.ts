import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../backtest/model/model.ts';
import { type Ask, around, GRID_ERROR, refine } from '../../bench/capacity/refine.ts';

/** Hours rise slowly with the knob and unmet load falls, as ours do; `rough` makes it uneven. */
function toy(knob: number, rough = 0): Outcome {
  const wave = 1 + rough * Math.sin(40 * Math.log(knob));
  return { knobs: String(knob), hours: 1000 * knob ** 0.04 * wave, unmet: 0.01 / knob ** 1.3 };
}

function search(first: readonly number[], shares: readonly number[], rough = 0) {
  let passes = 0;
  const [tried] = refine([{ first, shares }], (asks) => {
    passes++;
    return asks.map(({ knob }) => toy(knob, rough));
  });
  return { tried: tried!, passes };
}

function apart(tried: Parameters<typeof around>[0], share: number): number {
  const { met, missed } = around(tried, share);
  return met!.outcome.hours / missed!.outcome.hours - 1;
}

describe('refining a knob', () => {
  it('brackets each share within the grid error', () => {
    const { tried, passes } = search([1, 2, 4, 8, 16, 32], [0.001, 0.0002]);
    for (const share of [0.001, 0.0002]) expect(apart(tried, share)).toBeLessThanOrEqual(GRID_ERROR);
    expect(passes).toBe(2);
  });

  it('gets there from far away, on either side', () => {
    for (const first of [[0.01], [5000]]) {
      const { tried, passes } = search(first, [0.001]);
      expect(apart(tried, 0.001)).toBeLessThanOrEqual(GRID_ERROR);
      expect(passes).toBeLessThanOrEqual(5);
    }
  });

  it('gets there on an uneven front', () => {
    const { tried } = search([1, 3, 9, 27], [0.001], 0.002);
    expect(apart(tried, 0.001)).toBeLessThanOrEqual(GRID_ERROR);
  });

  it('stops where the front itself jumps', () => {
    const jump = (knob: number) =>
      knob < 5
        ? { knobs: '', hours: 100, unmet: 0.01 / knob }
        : { knobs: '', hours: 110, unmet: 0.001 / knob };
    let passes = 0;
    const [tried] = refine([{ first: [1, 3, 9], shares: [0.001] }], (asks) => {
      passes++;
      return asks.map(({ knob }) => jump(knob));
    });
    expect(around(tried!, 0.001).met!.knob).toBeGreaterThan(5);
    expect(passes).toBeLessThan(6);
  });

  it('gives up on what cannot be reached', () => {
    let passes = 0;
    const [tried] = refine([{ first: [1, 2], shares: [0.001] }], (asks) => {
      passes++;
      return asks.map(({ knob }) => ({ knobs: '', hours: knob, unmet: 0.01 }));
    });
    expect(around(tried!, 0.001).met).toBeUndefined();
    expect(passes).toBeLessThanOrEqual(5);
  });

  it('runs all searches in the same passes', () => {
    const calls: (readonly Ask[])[] = [];
    const tried = refine(
      [
        { first: [1, 20], shares: [0.001] },
        { first: [2, 40], shares: [0.0002] },
      ],
      (asks) => {
        calls.push(asks);
        return asks.map(({ knob }) => toy(knob));
      },
    );
    expect(new Set(calls[0]!.map((ask) => ask.search))).toEqual(new Set([0, 1]));
    expect(calls.flat()).toHaveLength(tried.flat().length);
    expect(apart(tried[1]!, 0.0002)).toBeLessThanOrEqual(GRID_ERROR);
  });
});
