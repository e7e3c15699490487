import { describe, expect, it } from 'vitest';
import { Group } from '../../backtest/policies/group.ts';
import { config } from './helpers.ts';

/** Active instances and price over some minutes; `resize` maps a minute to a desired capacity. */
function play(group: Group, minutes: number, resize: Record<number, number>) {
  const active: number[] = [];
  const price: number[] = [];
  for (let t = 0; t < minutes; t++) {
    group.arrive();
    const desired = resize[t];
    if (desired !== undefined) group.resize(desired);
    active.push(group.active);
    price.push(Math.round(group.price() * 100) / 100);
  }
  return { active, price };
}

describe('an Auto Scaling group in minute steps', () => {
  it('serves a cold launch four steps later and pays it from the start', () => {
    expect(play(new Group(1, 0, config()), 6, { 0: 3 })).toEqual({
      active: [1, 1, 1, 1, 3, 3],
      price: [3, 3, 3, 3, 3, 3],
    });
  });

  it('takes from the warm pool first and launches the rest cold', () => {
    const { active, price } = play(new Group(1, 3, config()), 6, { 0: 5 });
    expect(active).toEqual([1, 3, 3, 3, 5, 5]);
    expect(price).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it('pays draining instances for one step more, then stops them in the warm pool', () => {
    expect(play(new Group(3, 3, config()), 4, { 1: 1 })).toEqual({
      active: [3, 1, 1, 1],
      price: [3, 3, 1.04, 1.04],
    });
  });

  it('terminates what the warm pool has no room for', () => {
    expect(play(new Group(4, 2, config()), 3, { 0: 1 }).price).toEqual([4, 1.02, 1.02]);
  });

  it('terminates all without a warm pool', () => {
    expect(play(new Group(4, 0, config()), 3, { 0: 1 }).price).toEqual([4, 1, 1]);
  });

  it('never releases the last instance', () => {
    expect(play(new Group(2, 0, config()), 2, { 0: 0 }).active).toEqual([1, 1]);
  });

  it('refills the warm pool with cold launches, paid while they initialise', () => {
    // Beyond prepared capacity there is no warm pool; back under it, what is missing is launched and then stopped.
    const group = new Group(1, 2, config({ lead: { cold: 4, warm: 1, drain: 0 } }));
    group.stopped = 0;
    expect(play(group, 6, { 0: 1 }).price).toEqual([2, 2, 2, 2, 1.02, 1.02]);
  });
});
