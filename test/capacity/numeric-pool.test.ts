import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { type Loss, PoolCalls, upperTail } from '../../core/capacity/pool.ts';
import type { ShardView } from '../../core/capacity/view.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { LEADS, sure, ticks, unsure, view } from './numeric-views.ts';

function count(views: readonly ShardView[], losses: readonly Loss[] = []): PoolCalls {
  return new PoolCalls().count(
    views,
    Float64Array.from(views, (one) => one.serving),
    LEADS,
    losses,
  );
}

/** Little is known now of the next tick, and more will be then. */
const growing = (median: number, change: Partial<ShardView> = {}) =>
  view(
    ticks((h) => unsure(median, h === 0 ? 0.25 : 0.6)),
    { serving: Math.ceil(median), worth: 12, ...change },
  );

const SHARDS = [growing(3.2), growing(7.9), growing(5.5, { worth: 4 })];

/**
 * What the shards' next slices turn out to be worth: an outcome of what is learnt until a start serves (a level each,
 * with its share of the probability) moves what is left uncertain then; the slices of all shards, best first.
 */
function outcome(views: readonly ShardView[], levels: readonly number[]): number[] {
  const values: number[] = [];
  views.forEach(({ ahead, serving, slice, worth, ceiling }, s) => {
    const [late, then] = [ahead.ticks[LEADS.activate]!, ahead.ticks[LEADS.start]!];
    const learnt = Math.sqrt(1 - (late.spread / then.spread) ** 2);
    const moved = learnt * (then.quantiles[levels[s]!]! - then.median) + then.median - late.median;
    for (let k = 0; k < 6 && serving + k + 1 <= ceiling; k++) {
      const low = (serving + k) * slice - moved;
      values.push(worth * late.between(low, low + slice));
    }
  });
  return values.sort((a, b) => b - a);
}

const SHARE = LEVELS.map((level, i) => {
  const [below, above] = [LEVELS[i - 1], LEVELS[i + 1]];
  return (above === undefined ? 1 : (level + above) / 2) - (below === undefined ? 0 : (below + level) / 2);
});

describe('calls for the pool by few shards', () => {
  /** Every combination of outcomes, with its probability. */
  function all(views: readonly ShardView[], judge: (values: number[], probability: number) => void): void {
    const levels: number[] = [];
    const walk = (probability: number): void => {
      if (levels.length === views.length) {
        judge(outcome(views, levels), probability);
        return;
      }
      SHARE.forEach((share, level) => {
        levels.push(level);
        walk(probability * share);
        levels.pop();
      });
    };
    walk(1);
  }

  const calls = count(SHARDS);
  const called = [0, 0, 0, 0, 0];
  const value = [0, 0, 0, 0, 0];
  all(SHARDS, (values, probability) => {
    for (let m = 1; m < 5; m++) {
      if ((values[m - 1] ?? 0) > 1) called[m]! += probability;
      value[m]! += probability * (values[m - 1] ?? 0);
    }
  });

  it('come as often as all their outcomes say', () => {
    expect(called[1]).toBeGreaterThan(0.4);
    for (let m = 1; m < 5; m++) expect(calls.called(m)).toBeCloseTo(called[m]!, 6);
  });

  it('are worth what all their outcomes say, but for the grid of values', () => {
    // Half a cell of it: 0.125 at its lower end, and cells grow with the value.
    for (let m = 1; m < 5; m++)
      expect(Math.abs(calls.value(m) - value[m]!)).toBeLessThan(0.125 + 0.1 * value[m]!);
  });

  it('agree with outcomes drawn at random for a dozen shards', () => {
    const views = Array.from({ length: 12 }, (_, s) => growing(1 + 0.77 * s));
    const normal = normals(7);
    const draw = () => {
      let left = 1 - upperTail(normal());
      const at = SHARE.findIndex((share) => {
        left -= share;
        return left < 0;
      });
      return at < 0 ? SHARE.length - 1 : at;
    };
    const runs = 2000;
    const hits = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let run = 0; run < runs; run++) {
      const values = outcome(views, views.map(draw));
      hits.forEach((_, m) => {
        if (m > 0 && values[m - 1]! > 1) hits[m]! += 1;
      });
    }
    const made = count(views);
    for (let m = 1; m < hits.length; m++)
      expect(Math.abs(made.called(m) - hits[m]! / runs)).toBeLessThan(0.04);
  });
});

describe('calls for the pool', () => {
  it('are none without shards, and none by shards that have enough', () => {
    for (const calls of [count([]), count([growing(2, { serving: 40 })])]) {
      expect([calls.most, calls.value(1), calls.called(1)]).toEqual([0, 0, 0]);
    }
  });

  it('are sure where the load is', () => {
    const load = ticks(() => sure(4.5));
    const calls = count([view(load, { serving: 2, worth: 5 })]);
    // 5 + 5 + 2.5 slice-ticks for the three slices that are missing.
    expect([1, 2, 3, 4].map((m) => calls.called(m))).toEqual([1, 1, 1, 0].map((p) => expect.closeTo(p)));
    expect([1, 2, 3, 4].map((m) => calls.value(m))).toEqual([5, 5, 2.5, 0].map((v) => expect.closeTo(v)));
  });

  it('never go beyond what a shard may have', () => {
    for (const room of [0, 1, 2, 3]) {
      const calls = count([
        view(
          ticks(() => sure(50)),
          { serving: 4, ceiling: 4 + room },
        ),
      ]);
      expect(calls.most).toBe(room);
      expect(calls.called(room + 1)).toBe(0);
      if (room > 0) expect(calls.called(room)).toBeCloseTo(1);
    }
  });

  it('fall with every further slice', () => {
    for (const n of [1, 3, 8, 30, 300]) {
      const calls = count(Array.from({ length: n }, (_, s) => growing(1 + (s % 17) / 3)));
      expect(calls.most).toBeGreaterThan(0);
      for (let m = 1; m <= calls.most; m++) {
        expect(calls.called(m)).toBeLessThanOrEqual(m === 1 ? 1 + 1e-9 : calls.called(m - 1) + 1e-9);
        expect(calls.value(m)).toBeLessThanOrEqual(m === 1 ? 24 : calls.value(m - 1) + 1e-9);
      }
      expect(calls.called(calls.most + 40)).toBeLessThan(1e-3);
    }
  });

  it('are counted anew each time', () => {
    const calls = new PoolCalls();
    const counted = (views: readonly ShardView[]) => {
      calls.count(
        views,
        Float64Array.from(views, (one) => one.serving),
        LEADS,
        [],
      );
      return [calls.most, calls.value(1), calls.called(2)];
    };
    const first = counted(SHARDS);
    counted(Array.from({ length: 200 }, () => growing(4.6)));
    expect(counted(SHARDS)).toEqual(first);
  });

  it('of many shards are close to what adding them one by one gives', () => {
    const one = count([growing(4.6)]);
    const single = [0, 1, 2, 3, 4, 5, 6].map((m) => one.called(m) - one.called(m + 1));
    let switched = 0;
    for (const n of [4, 6, 8, 12, 20, 40]) {
      let sum = [1];
      for (let s = 0; s < n; s++) {
        const next = new Array<number>(sum.length + 6).fill(0);
        sum.forEach((p, i) => {
          single.forEach((q, k) => {
            next[i + k]! += p * q;
          });
        });
        sum = next;
      }
      const calls = count(Array.from({ length: n }, () => growing(4.6)));
      const wrong = sum.map((_, m) => Math.abs(calls.called(m) - sum.slice(m).reduce((a, b) => a + b, 0)));
      const most = Math.max(...wrong);
      expect(most).toBeLessThan(0.04);
      if (most > 1e-6) switched += 1;
    }
    // Some of these are counted exactly and some are not.
    expect(switched).toBeGreaterThan(0);
    expect(switched).toBeLessThan(6);
  });
});

describe('sudden losses', () => {
  it('call for all of their slices at once', () => {
    const calls = count([], [{ probability: 0.1, slices: 3 }]);
    expect(calls.most).toBe(3);
    expect([1, 2, 3, 4].map((m) => calls.called(m))).toEqual(
      [0.1, 0.1, 0.1, 0].map((p) => expect.closeTo(p)),
    );
    expect(calls.value(3)).toBeCloseTo(2.4);
  });

  it('come independently of each other and of the load', () => {
    const calls = count(
      [view(ticks(() => sure(1.5)))],
      [
        { probability: 0.1, slices: 2 },
        { probability: 0.2, slices: 1 },
      ],
    );
    expect(calls.most).toBe(4);
    expect([1, 2, 3, 4].map((m) => calls.called(m))).toEqual(
      [1, 1 - 0.9 * 0.8, 0.1, 0.1 * 0.2].map((p) => expect.closeTo(p)),
    );
  });

  it('that cannot come or cost nothing call for nothing', () => {
    expect(count([], [{ probability: 0, slices: 5 }]).most).toBe(0);
    expect(count([], [{ probability: 1, slices: 0 }]).most).toBe(0);
    expect(count([], [{ probability: 1, slices: 5 }]).called(5)).toBe(1);
  });

  it('of more slices than are counted one by one call for as many as are', () => {
    const calls = count([], [{ probability: 0.05, slices: 500 }]);
    expect(calls.most).toBe(64);
    expect(calls.called(64)).toBeCloseTo(0.05);
  });
});

it('the normal tail is the one in the tables', () => {
  const table = { 0: 0.5, 1: 0.158655, 1.959964: 0.025, 3: 0.0013499, [-1]: 0.841345, [-6]: 1 };
  for (const [z, p] of Object.entries(table)) expect(upperTail(Number(z))).toBeCloseTo(p, 6);
});
