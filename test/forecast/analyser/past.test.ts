import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Past } from '../../../core/forecast/analyser/past.ts';
import { StateWriter } from '../../../core/forecast/state.ts';
import { DAY, MINUTE } from '../../../core/time.ts';
import { handOver, noise, series } from './scene.ts';

function pastOf(values: readonly number[], step: number): Past {
  const past = new Past(step);
  for (const value of values) past.push(value);
  return past;
}

const MINUTES = 1440;

describe('what one shard was, in minutes', () => {
  const newest = 70 * MINUTES + 3;
  const past = pastOf(
    series(newest + 1, (i) => i),
    MINUTE,
  );
  const ago = (minutes: number) => past.at(newest - minutes, newest);

  it('is known point by point for four days', () => {
    for (const minutes of [0, 1, 59, MINUTES, 2 * MINUTES, 4 * MINUTES])
      expect(ago(minutes)).toBe(newest - minutes);
  });

  it('is known by five minutes for four weeks, by the hour for eight', () => {
    const tenDays = newest - 10 * MINUTES;
    expect(past.at(tenDays, newest)).toBe(Math.floor(tenDays / 5) * 5 + 2);
    const sixWeeks = newest - 42 * MINUTES;
    expect(past.at(sixWeeks, newest)).toBe(Math.floor(sixWeeks / 60) * 60 + 29.5);
    expect(Math.abs(ago(28 * MINUTES) - (newest - 28 * MINUTES))).toBeLessThan(5);
    expect(Math.abs(ago(56 * MINUTES) - (newest - 56 * MINUTES))).toBeLessThan(60);
  });

  it('is not known before that, nor before the first point, nor after the newest that may be known', () => {
    expect(ago(69 * MINUTES)).toBeNaN();
    expect(past.at(-1, newest)).toBeNaN();
    expect(past.at(newest + 1, newest)).toBeNaN();
    expect(past.at(newest, newest - 1)).toBeNaN();
    expect(past.mean(newest, newest + 5, newest - 1)).toBeNaN();
  });

  it('has means of any length, of long ones nearly', () => {
    expect(past.mean(newest - 2, newest, newest)).toBe(newest - 1);
    expect(past.mean(newest - 2, newest + 100, newest)).toBe(newest - 1);
    for (const [points, near] of [
      [60, 5],
      [MINUTES, 60],
      [7 * MINUTES, 240],
    ] as const)
      expect(Math.abs(past.mean(newest - points + 1, newest, newest) - (newest - points / 2))).toBeLessThan(
        near,
      );
  });
});

describe('a look back', () => {
  const STEP = 600;
  const count = 40 * (DAY / STEP);
  const values = noise(count);
  const whole = pastOf(values, STEP);
  const look = fc.record({
    back: fc.integer({ min: 1, max: 2 * (DAY / STEP) }),
    start: fc.integer({ min: 0, max: 28 * (DAY / STEP) }),
    length: fc.integer({ min: 1, max: 400 }),
  });

  it('is what it was when its time was now, whatever has come since', () => {
    fc.assert(
      fc.property(look, ({ back, start, length }) => {
        const until = count - 1 - back;
        const then = pastOf(values.slice(0, until + 1), STEP);
        const from = until - start;
        expect(whole.at(from, until)).toBe(then.at(from, until));
        expect(whole.mean(from, from + length, until)).toBe(then.mean(from, from + length, until));
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it.each([MINUTE, STEP])('knows nothing of later points, at steps of %d s', (step) => {
    const until = 3000;
    const later = pastOf([...values.slice(0, until + 1), ...series(300, () => 1e6)], step);
    for (let from = until - 500; from <= until; from++)
      for (const length of [0, 3, 20, 100])
        expect(later.mean(from, from + length, until) || 0).toBeLessThan(1000);
  });
});

it.each([10, 60, 600, 3600])('goes on after it was put away, in bounded space, at steps of %d s', (step) => {
  const values = noise(Math.round(Math.min(70 * DAY, 60_000 * step) / step));
  const half = Math.floor(values.length / 2) + 1;
  const whole = pastOf(values, step);
  const other = handOver(pastOf(values.slice(0, half), step), new Past(step));
  for (const value of values.slice(half)) other.push(value);
  const [one, two] = [whole, other].map((past) => {
    const out = new StateWriter();
    past.save(out);
    return out.bytes();
  });
  expect(two).toEqual(one);
  expect(one!.length).toBeLessThan(120_000);
});
