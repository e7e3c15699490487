import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../backtest/model/model.ts';
import { clairvoyantBound } from '../../backtest/policies/clairvoyant.ts';
import { beatsFloor, floorAt, fractionalHours, judgedLoad } from '../../bench/capacity/floor.ts';
import { violationsOf } from '../../bench/capacity/study.ts';
import { cell, outcome, waves } from './helpers.ts';

describe('the floor under all policies', () => {
  const lines = [
    { share: 0.001, hours: 100, slope: 1000 },
    { share: 0.0001, hours: 102, slope: 10_000 },
  ];

  it('is the highest of the lines', () => {
    expect(floorAt(lines, 0.001)).toBe(100);
    expect(floorAt(lines, 0.0001)).toBe(102);
    expect(floorAt(lines, 0)).toBeCloseTo(103, 9);
    expect(floorAt(lines, 0.002)).toBeCloseTo(99, 9);
  });

  it('is undercut by a cheat only', () => {
    const cheat = outcome(99.9, 0.001);
    expect(beatsFloor(lines, [outcome(100, 0.001), cheat, outcome(99.5, 0.0016)])).toEqual([cheat]);
  });

  it('makes the bench name a policy that beats the clairvoyant', () => {
    const honest = { ours: [outcome(103, 0.0005)], 'target-tracking': [outcome(110, 0.0001)] };
    expect(violationsOf([cell('a', honest)])).toEqual([]);
    const [line, ...others] = violationsOf([
      cell('a', { ...honest, 'aws-predictive': [outcome(99, 0.0005)] }),
    ]);
    expect(others).toEqual([]);
    expect(line).toBe(
      'a, 20 instances at peak: aws-predictive (99 h) beats the clairvoyant: 99 h at 0.0005 unmet, the proven least is 100 h',
    );
  });
});

describe('instances cut at will', () => {
  const config = { ...DEFAULT_MODEL, peakInstances: 4 };

  it('serve what is above one active instance, less what may go unmet where it saves most', () => {
    // Capacities 10 and 20. Above one instance: 30 + 0 and 20 + 60 units of load.
    const trace = {
      name: '',
      shards: ['a', 'b'],
      load: [Float64Array.of(40, 5), Float64Array.of(40, 80)],
      history: 0,
      start: 0,
    };
    expect(judgedLoad(trace)).toBe(165);
    expect(fractionalHours(trace, config, 0) * 60).toBeCloseTo(4 + 3 + 4, 9);
    expect(fractionalHours(trace, config, 10 / 165) * 60).toBeCloseTo(4 + 2 + 4, 9);
    // 30 of the first shard, then 20 of the second.
    expect(fractionalHours(trace, config, 50 / 165) * 60).toBeCloseTo(4 + 3, 9);
  });

  it('never need more than the clairvoyant', () => {
    const trace = waves(2, 600, 200);
    for (const share of [0.05, 0.001]) {
      expect(fractionalHours(trace, config, share)).toBeLessThan(
        clairvoyantBound(trace, config, share).hours,
      );
    }
  });
});
