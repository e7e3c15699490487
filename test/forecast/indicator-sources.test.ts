import { describe, expect, it } from 'vitest';
import { IndicatorSources, type Measured, OTHERS } from '../../core/forecast/indicators/sources.ts';

const series = (...points: [number, number][]): Measured => ({
  times: points.map(([time]) => time),
  values: points.map(([, value]) => value),
});
const loads = new Map([
  ['a', series([0, 1], [60, 2], [120, 3])],
  ['b', series([0, 10], [60, Number.NaN], [120, 30])],
  ['c', series([0, 100], [60, 200])],
]);

describe('what may lead a shard', () => {
  it('is the sum of the others, each as it was last known', () => {
    const { names, at } = new IndicatorSources(loads, 60).of('a', new Map());
    expect(names).toEqual([OTHERS]);
    expect([-1, 0, 60, 90, 120].map((time) => at(0, time))).toEqual([Number.NaN, 110, 210, 210, 230]);
    // After an hour without a value a shard no longer counts.
    expect(at(0, 60 + 3600 + 300)).toBe(230);
    expect(at(0, 120 + 3600 + 300)).toBe(30);
    expect(at(0, 120 + 3600 + 301)).toBeNaN();
  });

  it('is the sum of all for a shard that is not known itself, and of none but itself nothing', () => {
    const sources = new IndicatorSources(loads, 60);
    expect(sources.of('new', new Map()).at(0, 0)).toBe(111);
    const alone = new IndicatorSources(new Map([['a', loads.get('a')!]]), 60);
    expect(alone.of('a', new Map()).at(0, 60)).toBeNaN();
  });

  it('is no sum while too few are known', () => {
    const { at } = new IndicatorSources(new Map([...loads, ['d', series([60, 5])]]), 60, 4).of(
      'a',
      new Map(),
    );
    expect([at(0, 0), at(0, 60)]).toEqual([Number.NaN, 215]);
  });

  it('is also what is named: its mean in a step, else what it was', () => {
    const queue = series([0, 4], [250, 1], [299, 3], [300, 5], [301, 1000]);
    const { names, at } = new IndicatorSources(loads, 300).of('a', new Map([['queue', queue]]));
    expect(names).toEqual([OTHERS, 'queue']);
    expect(at(1, 300)).toBe(3);
    expect(at(1, 240)).toBe(4);
    expect(at(1, -1)).toBeNaN();
    expect(at(1, 301 + 3900)).toBe(1000);
    expect(at(1, 301 + 3901)).toBeNaN();
  });
});
