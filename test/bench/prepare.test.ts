import { describe, expect, it } from 'vitest';
import type { LoadTrace } from '../../backtest/load.ts';
import { capacities, DEFAULT_MODEL } from '../../backtest/model/model.ts';
import { busiestOf, prepareTrace, windowOf } from '../../backtest/model/prepare.ts';

const DAY = 1440;

function trace(values: readonly (readonly number[])[], step = 60): LoadTrace {
  return {
    name: 'test',
    shards: values.map((_, s) => `s${s}`),
    start: 0,
    step,
    values: values.map((each) => Float64Array.from(each)),
  };
}

describe('the judged window', () => {
  it('comes after 14 days of history, or 60 % of a shorter trace', () => {
    expect(windowOf(30 * DAY, 5)).toEqual({ history: 14 * DAY, end: 30 * DAY });
    expect(windowOf(10 * DAY, 5)).toEqual({ history: 6 * DAY, end: 10 * DAY });
    // 60 % of 20 days are less than 14.
    expect(windowOf(20 * DAY, 5).history).toBe(12 * DAY);
  });

  it('is cut after 40 days for several shards and 70 for one, or sooner when asked', () => {
    expect(windowOf(365 * DAY, 2).end).toBe(54 * DAY);
    expect(windowOf(365 * DAY, 1).end).toBe(84 * DAY);
    expect(windowOf(365 * DAY, 2, 3).end).toBe(17 * DAY);
    expect(windowOf(365 * DAY, 2, 60).end).toBe(54 * DAY);
  });
});

describe('the busiest shards', () => {
  it('are those with the highest mean, missing values aside, in that order', () => {
    const all = trace([
      [1, 1, 1],
      [Number.NaN, 4, Number.NaN],
      [2, 2, 3],
    ]);
    expect(busiestOf(all, 2).shards).toEqual(['s1', 's2']);
    expect([...busiestOf(all, 2).values[1]!]).toEqual([2, 2, 3]);
    expect(busiestOf(all, 9).shards).toEqual(['s1', 's2', 's0']);
  });

  it('stay in order when equal', () => {
    expect(busiestOf(trace([[3], [3], [3]]), 2).shards).toEqual(['s0', 's1']);
  });
});

describe('a prepared trace', () => {
  const minutes = Array.from({ length: 400 }, (_, t) => 10 + (t % 7));

  it('keeps the peak of the whole trace when its judged part is cut', () => {
    const long = Array.from({ length: 100 * DAY }, (_, t) => (t === 90 * DAY ? 500 : 10));
    const prepared = prepareTrace(trace([long]));
    expect(prepared.load[0]).toHaveLength(84 * DAY);
    expect(Math.max(...prepared.load[0]!)).toBe(10);
    expect(capacities(prepared, { ...DEFAULT_MODEL, peakInstances: 20 })).toEqual([25]);
  });

  it('has no gaps left, and no empty minutes behind the last value of a coarse trace', () => {
    const coarse = Array.from({ length: 40 }, (_, i) => (i % 9 === 4 ? Number.NaN : 10 + i));
    const prepared = prepareTrace(trace([coarse], 600));
    expect(prepared.load[0]).toHaveLength(39 * 10 + 1);
    expect(prepared.load[0]!.every((value) => value > 0)).toBe(true);
    expect(prepared.history).toBe(Math.floor(0.6 * 391));
  });

  it('is the same every time', () => {
    const coarse = trace([minutes, minutes], 300);
    expect(prepareTrace(coarse)).toEqual(prepareTrace(coarse));
  });

  it('is refused when nothing is left to judge', () => {
    expect(() => prepareTrace(trace([minutes.slice(0, 100)]))).toThrow(
      'test: expected at least an hour to judge after the history, got 100 minutes in all',
    );
  });
});
