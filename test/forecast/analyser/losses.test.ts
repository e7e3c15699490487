import { describe, expect, it } from 'vitest';
import { Losses, RECORD } from '../../../core/forecast/analyser/losses.ts';

describe('mean losses', () => {
  it('of one that fell silent are no record, and begin anew', () => {
    const losses = new Losses(2, 100);
    const tell = (one: number, loss: number) => losses.tell(one, losses.begin(one), loss);
    for (let i = 0; i < 2 * RECORD; i++) for (const one of [0, 1]) tell(one, 8);
    losses.forget(0);
    expect([0, 1].map((one) => losses.count(one) >= RECORD)).toEqual([false, true]);
    tell(0, 2);
    expect(losses.mean(0)).toBe(2);
    expect(losses.mean(1)).toBe(8);
  });
});
