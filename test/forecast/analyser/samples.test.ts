import { describe, expect, it } from 'vitest';
import type { Moment } from '../../../core/forecast/analyser/moment.ts';
import { SAMPLES } from '../../../core/forecast/analyser/samples/index.ts';
import { dayMoves, dayRatios, recentMoves } from '../../../core/forecast/analyser/samples/moves.ts';
import { lastDay, lastPoints, recentAndSameTime } from '../../../core/forecast/analyser/samples/recent.ts';
import { sameTime } from '../../../core/forecast/analyser/samples/same-time.ts';
import { MOST_SAMPLES, type Sample } from '../../../core/forecast/analyser/samples/sample.ts';
import { MINUTE } from '../../../core/time.ts';
import { noise, Scene, series } from './scene.ts';

const QUARTER = 900;
const DAY = 96;

/** In ascending order; those that are not known are left out. */
function drawn(sample: Sample, moment: Moment): number[] {
  const into = new Float64Array(MOST_SAMPLES);
  const loads = [...into.subarray(0, sample.draw(moment, into))];
  return loads.filter((load) => !Number.isNaN(load)).sort((a, b) => a - b);
}

const scene = (count: number, load: (i: number) => number) =>
  new Scene({ step: QUARTER, farthest: DAY }).push(series(count, load));

describe('samples', () => {
  it('of the last points and the last day are just those', () => {
    const ramp = scene(10 * DAY, (i) => i).moment(4);
    expect(drawn(lastPoints, ramp)).toEqual(series(12, (i) => 10 * DAY - 12 + i));
    const day = drawn(lastDay, ramp);
    expect(day.length).toBeGreaterThanOrEqual(20);
    expect(day.at(-1)).toBe(10 * DAY - 1);
    expect(day[0]).toBeGreaterThanOrEqual(9 * DAY - 1);
  });

  it('of the same time of earlier days are of about the target', () => {
    const time = (i: number) => i % DAY;
    for (const lead of [4, 40, DAY]) {
      const there = (9 * DAY + 20 + lead) % DAY;
      const loads = drawn(sameTime, scene(9 * DAY + 21, time).moment(lead));
      expect(loads.length).toBeGreaterThan(14);
      for (const load of loads) expect(Math.abs(load - there)).toBeLessThanOrEqual(2);
      expect(Math.abs(loads.reduce((a, b) => a + b) / loads.length - there)).toBeLessThan(0.5);
    }
  });

  it('of both have both', () => {
    const moment = scene(9 * DAY + 20, (i) => (i >= 9 * DAY ? 1000 + i : i % DAY)).moment(30);
    const loads = drawn(recentAndSameTime, moment);
    expect(loads.filter((load) => load >= 1000).length).toBeGreaterThan(10);
    expect(loads.filter((load) => load < 1000).length).toBeGreaterThan(10);
  });

  it('of moves add how far it went over the same stretch', () => {
    for (const load of drawn(recentMoves, scene(3 * DAY, (i) => 5 * i).moment(8)))
      expect(load).toBe(5 * (3 * DAY - 1 + 8));
  });

  it('of moves of earlier days add what came then, in proportion multiply by it', () => {
    const height = (i: number) => (i % DAY < 48 ? 100 : 300);
    const now = 8 * DAY + 40;
    // Since this morning there is 50 more, or twice as much; noon is two hours ahead.
    const more = scene(now, (i) => height(i) + (i >= 8 * DAY ? 50 : 0)).moment(20);
    for (const load of drawn(dayMoves, more)) expect(load).toBe(350);
    const twice = scene(now, (i) => height(i) * (i >= 8 * DAY ? 2 : 1)).moment(20);
    for (const load of drawn(dayRatios, twice)) expect(load).toBeCloseTo(600);
    expect(drawn(dayMoves, more).length).toBeGreaterThan(14);
  });

  it('are never below nothing', () => {
    const falling = scene(4 * DAY, (i) => (i === 4 * DAY - 1 ? 0 : 1000 - (i % DAY) * 10)).moment(10);
    for (const sample of SAMPLES)
      for (const load of drawn(sample, falling)) expect(load).toBeGreaterThanOrEqual(0);
  });

  it.each([MINUTE, QUARTER])(
    'are no more than there is room for, and none in vain, at steps of %d s',
    (step) => {
      for (const count of [1, 2, 10, 5000])
        for (const lead of [1, 50, 2000]) {
          const moment = new Scene({ step, farthest: 2000 }).push(noise(count)).moment(lead);
          for (const { draw } of SAMPLES) {
            const room = new Float64Array(2 * MOST_SAMPLES).fill(-1);
            const count = draw(moment, room);
            expect(count).toBeLessThanOrEqual(MOST_SAMPLES);
            expect(room.subarray(count).every((value) => value === -1)).toBe(true);
          }
        }
    },
  );
});
