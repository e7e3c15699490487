import { describe, expect, it } from 'vitest';
import { periodAt, toSteps } from '../../core/forecast/history.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { T0 } from './series.ts';

describe('load as coarse as it is kept', () => {
  it('has a period by age', () => {
    expect([0, 15, 15.01, 63, 63.01, 455, 455.01].map((days) => periodAt(days * DAY))).toEqual([
      60,
      60,
      300,
      300,
      3600,
      3600,
      undefined,
    ]);
  });

  it('becomes steps: a straight line stays one, and its mean stays', () => {
    const now = T0 + 30 * DAY;
    const coarse = [0, 1, 2, 3].map((i) => ({ time: T0 + i * 300, load: 10 + 5 * i }));
    const fine = toSteps(coarse, now, MINUTE);
    expect(fine.map(({ time }) => time)).toEqual(Array.from({ length: 20 }, (_, i) => T0 + i * 60));
    for (let i = 3; i < 17; i++) expect(fine[i]!.load).toBeCloseTo(8 + i, 9);
    expect(fine[0]!.load).toBe(10);
    expect(fine.slice(5, 10).reduce((sum, { load }) => sum + load, 0) / 5).toBeCloseTo(15, 9);
  });

  it('keeps gaps, takes hours after months, and leaves minutes as they are', () => {
    const now = T0 + 100 * DAY;
    const hours = [0, 1, 5].map((i) => ({ time: T0 + i * HOUR, load: i }));
    const fine = toSteps(hours, now, MINUTE);
    expect(fine).toHaveLength(180);
    expect(fine.filter(({ time }) => time >= T0 + 2 * HOUR && time < T0 + 5 * HOUR)).toEqual([]);
    expect(fine.at(-1)).toEqual({ time: T0 + 6 * HOUR - 60, load: 5 });
    const minutes = [0, 1, 7].map((i) => ({ time: now - i * MINUTE, load: i })).reverse();
    expect(toSteps(minutes, now, MINUTE)).toEqual(minutes);
  });

  it('goes over from coarse to fine without covering anything twice', () => {
    const now = T0 + 15 * DAY;
    const points = [-10, -5, 0, 1, 2].map((i) => ({ time: T0 + i * MINUTE, load: 1 }));
    const fine = toSteps(points, now, MINUTE);
    expect(fine.map(({ time }) => (time - T0) / 60)).toEqual([
      -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2,
    ]);
  });
});
