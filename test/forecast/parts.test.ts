import { describe, expect, it } from 'vitest';
import { Errors } from '../../core/forecast/errors.ts';
import { LEVELS, MEDIAN } from '../../core/forecast/forecast.ts';
import { Profile } from '../../core/forecast/profile.ts';
import { Track } from '../../core/forecast/track.ts';
import { DAY, HOUR } from '../../core/time.ts';

const HOURS = 24;

describe('the seasons', () => {
  const season = (values: number[], weights: number[]) =>
    values.reduce((sum, value, i) => sum + value * weights[i]!, 0) /
    weights.slice(0, values.length).reduce((a, b) => a + b, 0);
  const byDay = Array.from({ length: 9 }, (_, n) => 0.75 ** (n + 1));
  const byWeek = [0.6, 0.36, 0.216];

  /** Hourly points: the day's number, and a tenth of the hour. */
  function fed(days: number): Profile {
    const profile = new Profile(HOUR, 5);
    for (let i = 0; i < days * HOURS; i++) profile.push(Math.floor(i / HOURS) + (i % HOURS) / 10);
    return profile;
  }

  it('are nothing before there is an earlier day', () => {
    expect(fed(0).daily(0)).toBeNaN();
    expect(fed(1).daily(HOURS - 1)).toBeNaN();
    expect(fed(1).daily(HOURS)).toBe(0);
    expect(fed(6).weekly(6 * HOURS)).toBeNaN();
    expect(fed(7).weekly(7 * HOURS)).toBe(0);
  });

  it('weigh newer days more, seven of them', () => {
    expect(fed(3).daily(3 * HOURS + 4)).toBeCloseTo(0.4 + season([2, 1, 0], byDay));
    expect(fed(20).daily(20 * HOURS + 4)).toBeCloseTo(0.4 + season([19, 18, 17, 16, 15, 14, 13], byDay));
  });

  it('weigh newer weeks more, three of them, however long it has run', () => {
    expect(fed(15).weekly(15 * HOURS + 4)).toBeCloseTo(0.4 + season([8, 1], byWeek));
    expect(fed(200).weekly(200 * HOURS + 4)).toBeCloseTo(0.4 + season([193, 186, 179], byWeek));
  });

  it('are smoothed over seven minutes on each side', () => {
    const profile = new Profile(60, 5);
    for (let i = 0; i < 1440; i++) profile.push(i === 600 ? 15 : 0);
    const around = [592, 593, 600, 607, 608].map((i) => profile.daily(1440 + i));
    expect(around).toEqual([0, 1, 1, 1, 0]);
  });

  it('of a time more than a day ahead are learnt when they can be', () => {
    const profile = new Profile(HOUR, 30);
    for (let i = 0; i < 10; i++) profile.push(1);
    expect(profile.daily(39)).toBeNaN();
    for (let i = 10; i < 2 * HOURS; i++) profile.push(i < HOURS ? 1 : 5);
    expect(profile.daily(39)).toBe(1);
    // Asked two hours before the same time of the second day is known, and again after.
    expect(profile.daily(3 * HOURS + 1)).toBeCloseTo(season([5, 1], byDay.slice(1)));
    for (let i = 0; i < 3; i++) profile.push(9);
    expect(profile.daily(3 * HOURS + 1)).toBeCloseTo(season([9, 5, 1], byDay));
  });

  it('of a period that the step does not divide take the nearest point', () => {
    const profile = new Profile(DAY / 2.4, 1);
    for (const value of [1, 2, 3, 4]) profile.push(value);
    expect(profile.daily(4)).toBeCloseTo(season([3, 1], byDay));
  });
});

describe('the errors of one lead', () => {
  it('are a share of the level before there are any', () => {
    const errors = new Errors();
    expect(errors.scale(1000)).toBeCloseTo(2);
    const quantiles = errors.around(1000, 2);
    expect(quantiles[MEDIAN]).toBeCloseTo(1000);
    expect(quantiles[6]! - 1000).toBeCloseTo(1000 - quantiles[2]!);
  });

  it('give their own quantiles from the 400th on', () => {
    const errors = new Errors();
    // They are counted in bins; here one is at most 0.013 × the value wide.
    const near = (level: number) => 0.002 + 0.013 * level;
    // 0 … 399 in an order that is not theirs, each a scale of 400.
    for (let i = 0; i < 400; i++) {
      if (i > 0) expect(errors.around(0, 400)[MEDIAN]).toBe(0);
      errors.add((i * 37) % 400, 400);
    }
    const quantiles = errors.around(0, 1);
    LEVELS.slice(0, -1).forEach((level, i) => {
      expect(Math.abs(quantiles[i]! - level)).toBeLessThan(near(level));
    });
    expect(Math.abs(quantiles.at(-1)! - 399 / 400)).toBeLessThan(near(1));
  });

  it('are never below zero once added to the centre', () => {
    const errors = new Errors();
    expect(errors.around(1, 10)[0]).toBe(0);
    expect(errors.around(1, 10)[MEDIAN]).toBeCloseTo(1);
  });

  it('grow at once with an error and shrink within the hour', () => {
    const errors = new Errors();
    for (let i = 0; i < 1000; i++) errors.add(i % 2 === 0 ? 1 : -1, 1);
    expect(errors.scale(0)).toBeCloseTo(1, 1);
    errors.add(100, 1);
    const shocked = errors.scale(0);
    expect(shocked).toBeGreaterThan(10);
    for (let i = 0; i < 60; i++) errors.add(1, 1);
    expect(errors.scale(0)).toBeLessThan(shocked / 4);
  });
});

describe('a track', () => {
  const now = (profile: Profile, index: number, value: number) => ({
    value,
    index,
    ratio: 1,
    daily: profile.daily(index),
    weekly: profile.weekly(index),
    profile,
  });

  function follow(load: (i: number) => number, points: number): { track: Track; method: string } {
    const profile = new Profile(HOUR, 3);
    const track = new Track(3);
    let method = '';
    for (let i = 0; i < points; i++) {
      profile.push(load(i));
      const here = now(profile, i, load(i));
      track.step(here);
      method = track.method(here);
    }
    return { track, method };
  }

  it('has the last value alone before there is a season', () => {
    const { track, method } = follow((i) => i, 10);
    expect(method).toBe('last value 1.00');
    expect(track.centre).toBe(9);
  });

  it('gives the mix to who was right', () => {
    const hour = (i: number) => 10 + 5 * ((i % HOURS) % 7);
    expect(follow((i) => hour(i), 400).track.centre).toBeCloseTo(hour(402), 6);
    expect(follow((i) => hour(i) + i, 400).track.centre).toBeCloseTo(hour(402) + 399, -1);
    // Never the same twice, and no season: the last value wins.
    expect(follow((i) => 1000 + ((i * i) % 3) + 50 * Math.floor(i / 10), 400).method).toMatch(/^last value/);
  });

  it('never guesses below nothing', () => {
    // The daily peak does not come, and three hours later there would be 99 less than now.
    const missed = 24 * 8 + 12;
    const { track } = follow((i) => (i % HOURS === 12 && i !== missed ? 100 : 1), missed + 1);
    expect(track.centre).toBeGreaterThanOrEqual(0);
    expect(Math.min(...track.quantiles())).toBeGreaterThanOrEqual(0);
  });
});
