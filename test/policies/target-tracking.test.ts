import { describe, expect, it } from 'vitest';
import {
  ONE_MINUTE_METRICS,
  TARGET_TRACKING,
  TEN_SECOND_METRICS,
  track,
} from '../../backtest/policies/target-tracking.ts';
import { config, KNOB, stretches } from './helpers.ts';

/**
 * Instances in service per minute, read from outside: a run that is judged in one minute only, with a load added there that nothing
 * can serve, tells by its unmet load what was in service.
 */
function inService(
  load: Float64Array,
  options: {
    target?: number;
    alarms?: { out: number; in: number };
    prepared?: number;
    gentle?: boolean;
  } = {},
  settings = config(),
): number[] {
  const { target = 0.5, alarms = ONE_MINUTE_METRICS, prepared = 0, gentle = false } = options;
  return Array.from(load, (_, t) => {
    // One more minute in front: the group begins with what its first minute needs.
    const flood = Float64Array.of(load[0]!, ...load.subarray(0, t), 1e6);
    const tracking = { target, alarms, prepared, gentle, max: 1000 };
    return 1e6 - track(flood, t + 1, 1, settings, tracking).unmet;
  });
}

describe('target tracking', () => {
  it('scales out on the third breaching point, in proportion, and serves after a cold launch', () => {
    // Load 1 on 2 instances is at the target of 50 %. From minute 5 on it is 2: points of minutes 5, 6, 7 breach, the
    // decision is taken at 8 (load is known up to t − 1), and four steps later 4 instances serve.
    const active = inService(stretches([5, 1], [12, 2]));
    expect(active).toEqual([...new Array(12).fill(2), ...new Array(5).fill(4)]);
  });

  it('is not set off by two breaching points', () => {
    expect(new Set(inService(stretches([5, 1], [2, 3], [12, 1])))).toEqual(new Set([2]));
  });

  it('scales out on one point with 10-second metrics, within a step when the warm pool has instances', () => {
    const active = inService(stretches([5, 1], [4, 2]), { alarms: TEN_SECOND_METRICS, prepared: 6 });
    expect(active).toEqual([2, 2, 2, 2, 2, 2, 2, 4, 4]);
  });

  it('sees everything later when metrics are late', () => {
    const options = { alarms: TEN_SECOND_METRICS, prepared: 6 };
    const active = inService(stretches([5, 1], [5, 2]), options, config({ delay: 1 }));
    expect(active).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 4, 4]);
  });

  it('counts what warms up as capacity: a lasting breach does not launch again', () => {
    // The metric is 100 % while the two launched ones warm up; 4 are desired all the time.
    const active = inService(stretches([5, 1], [30, 2]));
    expect(Math.max(...active)).toBe(4);
  });

  it('launches more while others warm up when the load has risen further', () => {
    const active = inService(stretches([5, 1], [4, 2], [10, 3]));
    // Minute 8: 4 desired, serving at 12. Minute 10 sees minute 9's load of 3: 6 desired, serving at 14.
    expect(active.slice(11, 15)).toEqual([2, 4, 4, 6]);
  });

  it('scales in on the fifteenth point below 90 % of the target', () => {
    const active = inService(stretches([5, 2], [20, 1]));
    // Low points are minutes 5 … 19, so the decision is taken at minute 20 and holds at once.
    expect(active.slice(0, 20)).toEqual(new Array(20).fill(4));
    expect(active[20]).toBe(2);
  });

  it('does not scale in between 90 and 100 % of the target', () => {
    // 9.2 of 10 instances' worth at the target: above the low alarm, though 10 would do for 20 minutes.
    expect(new Set(inService(stretches([3, 5], [30, 4.6])))).toEqual(new Set([10]));
  });

  it('leaves capacity for the highest of the points that fired when gentle', () => {
    const load = stretches([3, 5], [10, 3], [12, 1]);
    // 15 points below 4.5 are minutes 3 … 17, seen at 18.
    expect(inService(load)[18]).toBe(2);
    expect(inService(load, { gentle: true })[18]).toBe(6);
  });

  it('blocks scale-in while instances warm up', () => {
    const fast = { alarms: { out: 1, in: 1 } };
    // Minute 3's spike is seen at 4: 6 launched, serving at 8. The low points from 4 on cannot scale in before that.
    const active = inService(stretches([3, 2], [1, 5], [8, 1]), fast);
    expect(active).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2]);
  });

  it('pays what it runs and judges only what comes after history', () => {
    const load = stretches([40, 2]);
    const peer = TARGET_TRACKING[0]!;
    const result = peer.run(load, 30, 1, config(), { ...KNOB, target: 1 });
    expect(result).toEqual({ instanceMinutes: 20, unmet: 0, load: 20 });
  });
});
