import { describe, expect, it } from 'vitest';
import { hoursAt, paretoFront } from '../../backtest/model/pareto.ts';
import { PEERS, runPeer, sweep } from '../../backtest/policies/sweep.ts';
import { config, KNOB, oneShard } from './helpers.ts';

const wave = Array.from({ length: 3 * 1440 }, (_, t) => 6 + 5 * Math.sin(t / 229) + Math.sin(t * 1.7));

describe('the Pareto front', () => {
  const at = (hours: number, unmet: number) => ({ knobs: '', hours, unmet });

  it('keeps what no other outcome beats', () => {
    const front = paretoFront([at(10, 0.1), at(12, 0.05), at(13, 0.05), at(11, 0.2), at(9, 0.3)]);
    expect(front).toEqual([at(12, 0.05), at(10, 0.1), at(9, 0.3)]);
  });

  it('is interpolated in unmet load and not extrapolated', () => {
    const front = [at(12, 0.05), at(10, 0.1)];
    expect(hoursAt(front, 0.05)).toBe(12);
    expect(hoursAt(front, 0.075)).toBeCloseTo(11, 9);
    expect(hoursAt(front, 0.5)).toBe(10);
    expect(hoursAt(front, 0.04)).toBeUndefined();
    expect(hoursAt([], 0.04)).toBeUndefined();
  });
});

describe('the sweep', () => {
  const trace = oneShard(wave, 1440);
  const peer = (name: string) => PEERS.find((each) => each.name === name)!;

  it('brackets the unmet share within half a per cent of hours', () => {
    const front = paretoFront(sweep(peer('target-tracking-warm'), trace, config(), [0.001]));
    const above = front.findIndex((outcome) => outcome.unmet > 0.001);
    expect(above).toBeGreaterThan(0);
    expect(front[above - 1]!.hours / front[above]!.hours).toBeLessThan(1.005);
  });

  it('finds no less than a plain grid of the same knobs', () => {
    const found = hoursAt(paretoFront(sweep(peer('target-tracking'), trace, config(), [0.001])), 0.001)!;
    const grid = Array.from({ length: 60 }, (_, i) =>
      runPeer(peer('target-tracking'), trace, config(), { ...KNOB, target: 0.4 + i * 0.015 }),
    );
    expect(found).toBeLessThanOrEqual(hoursAt(paretoFront(grid), 0.001)! * 1.005);
  });

  it('gives the same outcomes every time', () => {
    const run = () => sweep(peer('aws-predictive'), trace, config(), [0.001]);
    expect(run()).toEqual(run());
  });

  it('runs the usual settings once', () => {
    expect(sweep(peer('aws-usual'), trace, config())).toHaveLength(1);
  });

  it('puts each peer under its own name', () => {
    expect(new Set(PEERS.map((each) => each.name)).size).toBe(PEERS.length);
  });
});
