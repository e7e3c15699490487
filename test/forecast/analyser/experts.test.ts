import { describe, expect, it } from 'vitest';
import type { Expert } from '../../../core/forecast/analyser/experts/expert.ts';
import { EXPERTS } from '../../../core/forecast/analyser/experts/index.ts';
import { lastValue } from '../../../core/forecast/analyser/experts/last-value.ts';
import { linear } from '../../../core/forecast/analyser/experts/linear.ts';
import { dayMean, hourMean, quarterMean, smoothed } from '../../../core/forecast/analyser/experts/means.ts';
import {
  daily,
  dailyRatio,
  dailyShifted,
  weekly,
  weeklyShifted,
} from '../../../core/forecast/analyser/experts/seasonal.ts';
import { FEATURES, features } from '../../../core/forecast/analyser/features.ts';
import type { Moment } from '../../../core/forecast/analyser/moment.ts';
import { SAMPLES } from '../../../core/forecast/analyser/samples/index.ts';
import { MOST_SAMPLES } from '../../../core/forecast/analyser/samples/sample.ts';
import { MINUTE } from '../../../core/time.ts';
import { noise, Scene, series } from './scene.ts';

const HOURS = 24;
const guess = (expert: Expert, moment: Moment, change = Number.NaN) => expert.guess(moment, change);

/** By the hour: 10 in the morning and 50 from noon on, at weekends 20 more. */
const week = (i: number) => (i % HOURS < 12 ? 10 : 50) + (Math.floor(i / HOURS) % 7 >= 5 ? 20 : 0);
/** Three weeks and ten hours: the last value known is of a Monday at nine. */
const KNOWN = 21 * HOURS + 10;

describe('of a week that comes again', () => {
  const moment = new Scene().push(series(KNOWN, week)).moment(5);

  it.each([
    [lastValue.name, 10, lastValue],
    [quarterMean.name, 10, quarterMean],
    [hourMean.name, 10, hourMean],
    [weekly.name, 50, weekly],
    [weeklyShifted.name, 50, weeklyShifted],
  ])('%s says %d', (_, load, expert) => {
    expect(guess(expert, moment)).toBeCloseTo(load);
  });

  it('the smoothed load is of the last points, most of all of the newest', () => {
    const risen = new Scene().push([...series(30, () => 10), 110]).moment(5);
    expect(guess(smoothed, risen)).toBeGreaterThan(10 + 100 / 14);
    expect(guess(smoothed, risen)).toBeLessThan(60);
    expect(
      guess(smoothed, new Scene().push([...series(30, () => 999), ...series(20, () => 7)]).moment(5)),
    ).toBeCloseTo(7);
  });

  it('the daily season is a little off, as weekends are in it', () => {
    expect(guess(daily, moment)).toBeGreaterThan(51);
    expect(guess(daily, moment)).toBeLessThan(69);
    expect(guess(dailyShifted, moment)).toBeCloseTo(50);
  });
});

describe('of a day that comes again', () => {
  const day = (i: number) => (i % HOURS < 12 ? 10 : 50);
  const now = 8 * HOURS + 10;

  it.each([
    [daily.name, 50, 50, daily],
    [dailyShifted.name, 50 + 90, 50 - 5, dailyShifted],
    [dailyRatio.name, 40 * 10, 40 * 0.5, dailyRatio],
    [lastValue.name, 100, 5, lastValue],
  ])('%s says %d after a rise to ten times the load, %d after a fall to half', (_, risen, fallen, expert) => {
    const said = [10, 0.5].map((factor) => {
      // Since three points ago; the ratio of a season counts for at most four times.
      const values = series(now, (i) => (i >= now - 3 ? factor : 1) * day(i));
      return guess(expert, new Scene().push(values).moment(4));
    });
    expect(said[0]).toBeCloseTo(risen, 0);
    expect(said[1]).toBeCloseTo(fallen, 0);
  });

  it('in proportion to nothing there is nothing to say', () => {
    const values = series(now, (i) => (i % HOURS < 12 ? 0 : 50));
    expect(guess(dailyRatio, new Scene().push(values).moment(5))).toBeNaN();
  });
});

it('the linear one adds the change that it is told, and says nothing without', () => {
  const moment = new Scene().push([1, 2, 30]).moment(5);
  expect(guess(linear, moment, 12)).toBe(42);
  expect(guess(linear, moment)).toBeNaN();
});

it('seasons say nothing in the first day or week', () => {
  const moment = new Scene().push(series(20, () => 5)).moment(2);
  for (const expert of [daily, dailyShifted, dailyRatio, weekly]) expect(guess(expert, moment)).toBeNaN();
  expect(guess(dayMean, moment)).toBe(5);
});

describe('experts, samples and features', () => {
  const values = noise(12 * 1440);

  it('have names of their own', () => {
    const names = [...EXPERTS, ...SAMPLES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([1, 40, 1439, 1440])('know nothing of what comes later, %d minutes ahead', (lead) => {
    const index = values.length - 200;
    const then = new Scene({ step: MINUTE, farthest: 1440 }).push(values.slice(0, index + 1)).moment(lead);
    const later = new Scene({ step: MINUTE, farthest: 1440 })
      .push([...values.slice(0, index + 1), ...series(199, () => 1e6)])
      .moment(lead, { index });
    for (const { guess } of EXPERTS) expect(guess(later, 3)).toBe(guess(then, 3));
    for (const { draw } of SAMPLES) {
      const [one, other] = [then, later].map((moment) => {
        const into = new Float64Array(MOST_SAMPLES);
        return into.subarray(0, draw(moment, into));
      });
      expect(other).toEqual(one);
    }
    const seen = (moment: Moment) => features(moment, new Float64Array(FEATURES));
    expect(seen(later)).toEqual(seen(then));
  });

  it('features have the unit of the load, and are finite from the first point on', () => {
    for (const count of [1, 2, 30, 400]) {
      const at = (unit: number) => {
        const scene = new Scene().push(noise(count).map((load) => Math.fround(unit * load)));
        return features(scene.moment(3, { level: 100 * unit }), new Float64Array(FEATURES));
      };
      const one = at(1);
      for (const [i, value] of at(1024).entries()) expect(value).toBeCloseTo(1024 * one[i]!, 2);
      expect(one.every(Number.isFinite)).toBe(true);
    }
  });
});
