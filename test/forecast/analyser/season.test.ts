import { describe, expect, it } from 'vitest';
import { Seasons, type Shift } from '../../../core/forecast/analyser/season.ts';
import { DAY, MINUTE } from '../../../core/time.ts';
import { noise, Scene, series } from './scene.ts';

const HOURS = 24;

describe('the seasons', () => {
  /** Hourly points: the day's number, and a tenth of the hour. */
  const fed = (days: number) =>
    new Scene().push(series(days * HOURS, (i) => Math.floor(i / HOURS) + (i % HOURS) / 10));
  const at = (days: number, ahead: number) => {
    const { seasons, past } = fed(days);
    return seasons.at(past.newest + ahead, past.newest);
  };

  it('are nothing before there is an earlier day or week', () => {
    expect(at(0, 1)).toEqual({ day: Number.NaN, lastDay: Number.NaN, sharp: Number.NaN, week: Number.NaN });
    expect(at(1, 1)).toMatchObject({ day: 0, lastDay: 0, sharp: 0, week: Number.NaN });
    expect(at(7, 1).week).toBe(0);
  });

  it('weigh newer days and weeks more, and forget the old', () => {
    const day = at(3, 5);
    expect(day.lastDay).toBeCloseTo(2.4);
    expect(day.day).toBeGreaterThan(1.4);
    expect(day.day).toBeLessThan(2.4);
    expect(at(20, 5).day).toBeGreaterThan(15);
    const { week } = at(15, 5);
    expect(week).toBeGreaterThan((8 + 1) / 2 + 0.4);
    expect(week).toBeLessThan(8.4);
    expect(at(80, 5).week).toBeGreaterThan(80 - 8 * 7);
  });

  it('keep to the clock where the step does not divide a day', () => {
    // Every 50 minutes: 28.8 points a day, and 29 a day would be an hour late after a week.
    const step = 50 * MINUTE;
    const { seasons, past } = new Scene({ step }).push(
      series(28 * 29, (i) => 10 + Math.sin((2 * Math.PI * i * step) / DAY)),
    );
    for (const ahead of [1, 7, 20, 29, 50]) {
      const time = (past.newest + ahead) * step;
      const { day, week } = seasons.at(past.newest + ahead, past.newest);
      for (const load of [day, week])
        expect(Math.abs(load - 10 - Math.sin((2 * Math.PI * time) / DAY))).toBeLessThan(0.12);
    }
  });

  it('of the week know its days', () => {
    const { seasons, past } = new Scene().push(
      series(28 * HOURS, (i) => (Math.floor(i / HOURS) % 7 >= 5 ? 3 : 9)),
    );
    expect(seasons.at(past.newest + 30, past.newest).week).toBe(9);
    expect(
      new Scene().push(series(26 * HOURS, (i) => (Math.floor(i / HOURS) % 7 >= 5 ? 3 : 9))).moment(5).season
        .week,
    ).toBe(3);
  });

  it('more than a day ahead are those of the newest day that is known', () => {
    const near = at(5, 4);
    for (const days of [1, 2]) {
      expect(at(5, 4 + days * HOURS).lastDay).toBe(near.lastDay);
      expect(at(5, 4 + days * HOURS).day).toBeCloseTo(near.day, 6);
    }
  });

  it('of minutes are smoothed over five of them, but for the sharp one', () => {
    const scene = new Scene({ step: MINUTE, farthest: 1440 }).push(series(1440, (i) => (i === 600 ? 15 : 0)));
    const around = [597, 600, 601, 603].map((i) => scene.seasons.at(1440 + i, 1439));
    expect(around.map(({ sharp }) => sharp)).toEqual([0, 15, 0, 0]);
    expect(around[0]!.day).toBe(0);
    expect(around[1]!.day).toBe(3);
    expect(around[2]!.day).toBe(3);
    expect(around[3]!.day).toBe(0);
  });

  it('say the same whether or not they were asked for before, from farther away', () => {
    const values = noise(3 * 1440);
    for (const lead of [1418, 1424, 1428, 1431, 1433, 1436, 1440, 1500]) {
      const target = 2 * 1440 + 700;
      const scene = new Scene({ step: MINUTE, farthest: 1500 }).push(values.slice(0, target - lead + 1));
      scene.seasons.at(target, target - lead);
      scene.push(values.slice(target - lead + 1, target));
      const fresh = new Seasons(scene.past, 1500);
      expect(scene.seasons.at(target, target - 1)).toEqual(fresh.at(target, target - 1));
    }
  });
});

describe('where clocks change', () => {
  const CHANGE = 30 * HOURS;

  it.each([
    ['forward', 1],
    ['back', -1],
  ])('%s, the season stays that of the local hour', (_, hour) => {
    const offset = (i: number) => (i >= CHANGE ? hour : 0);
    const shift: Shift = (index, earlier) => offset(index) - offset(earlier);
    const load = (i: number) => 10 + ((i + offset(i)) % HOURS);
    for (const from of [CHANGE - 2, CHANGE + 5, CHANGE + 40]) {
      const values = series(from + 1, load);
      const local = new Scene({ shift }).push(values);
      const utc = new Scene().push(values);
      // A day ahead too: the hour that is not known yet is that of the day before.
      for (const lead of [2, 5, 23, 24, 25]) {
        const target = from + lead;
        if (target < CHANGE + 2) continue;
        for (const said of Object.values(local.moment(lead).season))
          expect(said).toBeCloseTo(load(target), 9);
        expect(Math.abs(utc.moment(lead).season.week - load(target))).toBeGreaterThan(0.9);
      }
    }
  });
});
