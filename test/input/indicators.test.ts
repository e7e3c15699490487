import { describe, expect, it } from 'vitest';
import { indicatorsOf } from '../../backtest/input/indicators.ts';
import { OTHERS } from '../../core/forecast/indicators/sources.ts';
import { MINUTE } from '../../core/time.ts';

const trace = {
  name: 'two',
  shards: ['a', 'b'],
  start: 600,
  step: MINUTE,
  values: [Float64Array.of(1, 2, 3), Float64Array.of(10, 20, 30)],
};

describe('what may lead the shards of a trace', () => {
  it('is the sum of the others, minute by minute', () => {
    const { names, at } = indicatorsOf(trace)('a');
    expect(names).toEqual([OTHERS]);
    expect([0, 1, 2].map((minute) => at(0, 600 + minute * MINUTE))).toEqual([10, 20, 30]);
  });

  it('is what is named for the shard, as it was last known', () => {
    const queue = { times: [500, 660], values: [7, 8] };
    const of = indicatorsOf(trace, new Map([['b', new Map([['queue', queue]])]]));
    expect(of('a').names).toEqual([OTHERS]);
    expect(of('b').names).toEqual([OTHERS, 'queue']);
    expect([600, 660, 720].map((time) => of('b').at(1, time))).toEqual([7, 8, 8]);
  });
});
