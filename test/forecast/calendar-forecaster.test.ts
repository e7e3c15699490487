import { describe, expect, it } from 'vitest';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { LEVELS, MEDIAN } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, type Seconds, WEEK } from '../../core/time.ts';
import { feed, forecasterOf, loads, medians, on, usualAt, Yesterday } from './events.ts';
import { quantile, STEP, T0 } from './series.ts';

describe('without anything in the calendar', () => {
  it('points and forecasts pass as they are', () => {
    const values = loads(9);
    const plain = new Analyser({ shard: 's', leads: [STEP, HOUR, 2 * HOUR, 6 * HOUR], step: STEP });
    const around = forecasterOf();
    values.forEach((load, i) => {
      plain.observe({ time: T0 + i * STEP, load });
    });
    feed(around, values);
    const horizons = [0, HOUR, 6 * HOUR];
    expect(around.forecast(T0 + 9 * DAY, horizons)).toEqual(plain.forecast(T0 + 9 * DAY, horizons));
    expect(around.knownUntil).toBe(plain.knownUntil);
  });
});

describe('points off the grid', () => {
  it('are of the event that was on when they were measured, and known as the forecaster inside knows them', () => {
    const inner = new Analyser({ shard: 's', leads: [STEP, HOUR], step: STEP });
    const forecaster = forecasterOf({ calendar: [{ from: T0 + DAY, hours: 2, factor: 3 }], inner });
    feed(forecaster, loads(1, undefined, 0).fill(10), 0, DAY / STEP);
    // Nearest to the slot in which the event begins.
    forecaster.observe({ time: T0 + DAY - 10, load: 10 });
    expect([forecaster.knownUntil, forecaster.forecast(T0 + DAY, [0]).knownUntil]).toEqual([
      T0 + DAY,
      T0 + DAY,
    ]);
    forecaster.observe({ time: T0 + DAY + STEP, load: 30 });
    expect(quantile(forecaster.forecast(T0 + DAY + STEP, [STEP]), 0.5) / 30).toBeCloseTo(1);
  });
});

describe('an event with a factor', () => {
  const start = T0 + 9 * DAY + 10 * HOUR;
  const sale = { from: start, hours: 2, factor: 3 };

  it('multiplies what is forecast of its time, and nothing else', () => {
    const forecaster = forecasterOf({ calendar: [sale] });
    const got = medians(forecaster, loads(10), start - HOUR, [
      0,
      HOUR - STEP,
      HOUR,
      2 * HOUR,
      3 * HOUR,
      4 * HOUR,
    ]);
    [1, 1, 3, 3, 1, 1].forEach((factor, i) => void expect(got[i]! / factor).toBeCloseTo(1, 0.7));
    const { moved } = forecaster.forecast(start - HOUR, [HOUR, 2 * HOUR, 4 * HOUR]);
    expect(moved).toEqual([{ cause: 'event sale', factor: expect.closeTo(3, 5), ahead: HOUR }]);
  });

  it('while it is on counts once, and is gone when it is over', () => {
    const values = loads(11, on(start, 2, 3));
    const forecaster = forecasterOf({ calendar: [sale] });
    const during = medians(forecaster, values, start + HOUR, [0, HOUR - STEP, HOUR, 2 * HOUR]);
    [3, 3, 1, 1].forEach((factor, i) => void expect(during[i]! / factor).toBeCloseTo(1, 0.7));
    const after = medians(forecaster, values, start + 2 * HOUR, [0, HOUR]);
    for (const factor of after) expect(factor).toBeCloseTo(1, 0.7);
    expect(forecaster.forecast(start + 2 * HOUR, [STEP, HOUR]).moved).toBeUndefined();
  });

  it('leaves no trace: the forecaster inside sees what the load would have been', () => {
    const values = loads(11, on(start, 2, 3));
    const inner = new Yesterday();
    feed(forecasterOf({ calendar: [sale], inner }), values);
    expect(inner.fed.size).toBe(values.length);
    for (const [time, load] of inner.fed) expect(Math.abs(load / usualAt(time) - 1)).toBeLessThan(0.2);
  });

  it('that comes daily counts once, however long the season has seen it', () => {
    const every = (time: Seconds) => on(10 * HOUR, 2, 3)((time - T0) % DAY);
    const daily = { ...sale, from: T0 + 10 * HOUR, repeat: 'daily' } as const;
    for (const days of [2, 5, 14]) {
      const at = T0 + days * DAY + 9 * HOUR;
      const got = medians(forecasterOf({ calendar: [daily] }), loads(days + 1, every), at, [
        0,
        HOUR,
        2 * HOUR,
        3 * HOUR,
      ]);
      [1, 3, 3, 1].forEach((factor, i) => void expect(got[i]! / factor).toBeCloseTo(1, 0.7));
    }
  });

  it('that is wrong is put right by what occurs', () => {
    const every = (time: Seconds) => on(10 * HOUR, 2, 2)((time - T0) % DAY);
    const daily = { ...sale, from: T0 + 10 * HOUR, factor: 4, repeat: 'daily' } as const;
    const got = medians(
      forecasterOf({ calendar: [daily], inner: new Yesterday() }),
      loads(15, every),
      T0 + 14 * DAY + 9 * HOUR,
      [HOUR, 2 * HOUR],
    );
    for (const factor of got) expect(factor / 2).toBeCloseTo(1, 0.7);
  });

  it('that comes daily widens nothing: the forecaster inside has seen how its occurrences differ', () => {
    const every = (time: Seconds) => on(10 * HOUR, 2, 3)((time - T0) % DAY);
    const daily = { ...sale, from: T0 + 10 * HOUR, repeat: 'daily' } as const;
    const forecaster = forecasterOf({ calendar: [daily], inner: new Yesterday() });
    feed(forecaster, loads(5, every), 0, (4 * DAY + 11 * HOUR) / STEP);
    const made = forecaster.forecast(T0 + 4 * DAY + 11 * HOUR - STEP, [HOUR - STEP, DAY]);
    for (const at of [0, 1]) expect(quantile(made, 0.99, at) / quantile(made, 0.5, at)).toBeCloseTo(1.05);
  });

  it('overlaps with another: their product', () => {
    const other = { ...sale, name: 'launch', from: start + HOUR, factor: 2 };
    const got = medians(forecasterOf({ calendar: [sale, other] }), loads(10), start, [0, HOUR, 2 * HOUR]);
    [3, 6, 2].forEach((factor, i) => void expect(got[i]! / factor).toBeCloseTo(1, 0.7));
  });
});

describe('an expected load', () => {
  it('lifts the median and all above it, and nothing below', () => {
    const start = T0 + 9 * DAY + 10 * HOUR;
    const calendar = [{ name: 'launch', from: start, hours: 2, load: 190 }];
    const [plain, lifted] = [forecasterOf(), forecasterOf({ calendar })].map((forecaster) => {
      feed(forecaster, loads(9));
      return forecaster.forecast(start - HOUR, [HOUR, 4 * HOUR]);
    });
    const [before, after] = [plain!, lifted!].map(({ horizons }) => Array.from(horizons[0]!.quantiles));
    expect(after).toEqual(before!.map((load, i) => (i < MEDIAN ? load : Math.max(190, load))));
    expect(lifted!.horizons[1]).toEqual(plain!.horizons[1]);
    expect(lifted!.moved).toEqual([{ cause: 'event launch', factor: 190 / before![MEDIAN]!, ahead: HOUR }]);
  });

  it('is there before anything was measured', () => {
    const calendar = [{ from: T0 + HOUR, hours: 24, load: 50 }];
    const made = forecasterOf({ calendar }).forecast(T0, [0, HOUR]);
    expect([quantile(made, 0.5, 0), quantile(made, 0.5, 1), quantile(made, 0.25, 1)]).toEqual([0, 50, 0]);
  });
});

describe('a closing (factor 0)', () => {
  const closing = { name: 'closed', from: T0 + 9 * DAY, hours: 24, factor: 0, repeat: 'weekly' } as const;

  it('is nothing at first, then what was seen in earlier ones; and the season does not learn it', () => {
    const values = loads(24, (time) =>
      time < T0 + 9 * DAY ? 1 : on(2 * DAY, 24, 0)((time - T0) % WEEK),
    ).map((load) => (load === 0 ? 4 : load));
    const forecaster = forecasterOf({ calendar: [closing] });
    feed(forecaster, values, 0, (9 * DAY) / STEP - 6);
    const first = forecaster.forecast(T0 + 9 * DAY - HOUR, [0, 2 * HOUR]);
    expect([...Array.from(first.horizons[1]!.quantiles)]).toEqual(LEVELS.map(() => 0));
    expect(first.moved).toEqual([{ cause: 'event closed', factor: 0, ahead: 2 * HOUR }]);
    for (const factor of medians(forecaster, values, T0 + 10 * DAY, [0, HOUR, 3 * HOUR]))
      expect(factor).toBeCloseTo(1, 0.5);
    feed(forecaster, values, (10 * DAY) / STEP, (16 * DAY) / STEP - 6);
    const again = forecaster.forecast(T0 + 16 * DAY - HOUR, [0, 2 * HOUR]);
    expect(quantile(again, 0.5, 1)).toBeCloseTo(4);
    // Known is what was measured, though it is fed to nobody.
    feed(forecaster, values, (16 * DAY) / STEP - 6, (16 * DAY) / STEP + 6);
    expect(forecaster.forecast(T0 + 16 * DAY + HOUR, [HOUR]).knownUntil).toBe(T0 + 16 * DAY + 5 * STEP);
  });

  it('of two months is survived', () => {
    const long = { ...closing, hours: 60 * 24, repeat: 'never' } as const;
    const values = loads(72, on(T0 + 9 * DAY, 60 * 24, 0));
    const forecaster = forecasterOf({ calendar: [long] });
    const [factor] = medians(forecaster, values, T0 + 71 * DAY, [HOUR]);
    expect(factor).toBeCloseTo(1, 0.7);
  });

  it('refuses what the forecaster inside would', () => {
    const forecaster = forecasterOf({ calendar: [{ ...closing, from: T0 }] });
    forecaster.observe({ time: T0, load: 1 });
    expect(() => forecaster.observe({ time: T0, load: 1 })).toThrow(
      `load of s: expected a point after ${T0}, got ${T0}`,
    );
    expect(() => forecaster.observe({ time: T0 + STEP, load: -1 })).toThrow(
      `load of s at ${T0 + STEP}: expected a number from 0, got -1`,
    );
  });
});
