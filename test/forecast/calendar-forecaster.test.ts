import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { EventForecaster } from '../../core/forecast/calendar/event-forecaster.ts';
import { calendarOf } from '../../core/forecast/calendar/events.ts';
import {
  type Forecast,
  LEVELS,
  type LoadPoint,
  MEDIAN,
  type RestorableForecaster,
} from '../../core/forecast/forecast.ts';
import { SeasonalForecaster } from '../../core/forecast/forecaster.ts';
import { type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';
import { DAY, HOUR, type Seconds, WEEK } from '../../core/time.ts';
import { quantile, STEP, T0 } from './series.ts';

type EventInput = NonNullable<SettingsInput['calendar']>[number];

type Calendar = Pick<SettingsInput, 'timeZone' | 'holidays'> & {
  readonly calendar?: readonly (Partial<EventInput> & { from?: Seconds; hours?: number })[];
  readonly inner?: RestorableForecaster;
};

const iso = (time: Seconds) => new Date(time * 1000).toISOString();

/** What it was fed at the same time a day ago, within 5 %. */
class Yesterday implements RestorableForecaster {
  readonly fed = new Map<Seconds, number>();
  knownUntil: Seconds | undefined;

  observe({ time, load }: LoadPoint): void {
    this.knownUntil = time;
    this.fed.set(time, load);
  }

  forecast(now: Seconds, aheads: readonly Seconds[]): Forecast {
    const known = this.knownUntil ?? Number.NEGATIVE_INFINITY;
    const horizons = aheads.map((ahead) => {
      let time = now + ahead - DAY;
      while (time > known) time -= DAY;
      const load = this.fed.get(time) ?? 0;
      return { ahead, quantiles: LEVELS.map((_, i) => load * (1 + (i - MEDIAN) / 100)) };
    });
    return { shard: 's', at: now, knownUntil: known, horizons, method: 'yesterday' };
  }

  state = () => new Uint8Array();
  restore(): void {}
}

function forecasterOf({ calendar = [], inner, ...rest }: Calendar = {}): EventForecaster {
  const events = calendar.map(({ from = T0, hours = 1, ...event }) => ({
    name: 'sale',
    start: iso(from),
    end: iso(from + hours * HOUR),
    ...event,
  }));
  const settings = settingsSchema.parse({
    service: 'test',
    shards: [{ name: 's', capacity: { perInstance: 100 } }],
    fleet: { max: 10 },
    calendar: events,
    ...rest,
  });
  const leads = [STEP, HOUR, 2 * HOUR, 6 * HOUR];
  const own = inner ?? new SeasonalForecaster({ shard: 's', leads, step: STEP });
  return new EventForecaster(own, 's', calendarOf(settings, 's'));
}

/** A daily season around 100, with little noise, times a factor. */
function loads(days: number, factor: (time: Seconds) => number = () => 1, noise = 0.03): number[] {
  const normal = normals(7);
  return Array.from({ length: Math.round((days * DAY) / STEP) }, (_, i) => {
    const time = T0 + i * STEP;
    return usualAt(time) * factor(time) * Math.max(0, 1 + noise * normal());
  });
}

const usualAt = (time: Seconds) => 100 * (1 - 0.6 * Math.cos((2 * Math.PI * (time - T0)) / DAY));

function feed(forecaster: EventForecaster, values: readonly number[], from = 0, to = values.length): void {
  for (let i = from; i < to; i++) forecaster.observe({ time: T0 + i * STEP, load: values[i]! });
}

/** Medians over what is usual then, hour by hour from `from` on, as forecast from the newest point before it. */
function medians(
  forecaster: EventForecaster,
  values: readonly number[],
  from: Seconds,
  aheads: readonly Seconds[],
) {
  const at = (from - T0) / STEP;
  feed(
    forecaster,
    values,
    forecaster.knownUntil === undefined ? 0 : (forecaster.knownUntil - T0) / STEP + 1,
    at,
  );
  const now = from - STEP;
  const made = forecaster.forecast(
    now,
    aheads.map((ahead) => ahead + STEP),
  );
  return aheads.map((ahead, i) => quantile(made, 0.5, i) / usualAt(from + ahead));
}

const on = (from: Seconds, hours: number, factor: number) => (time: Seconds) =>
  time >= from && time < from + hours * HOUR ? factor : 1;

describe('without anything in the calendar', () => {
  it('points and forecasts pass as they are', () => {
    const values = loads(9);
    const plain = new SeasonalForecaster({ shard: 's', leads: [STEP, HOUR, 2 * HOUR, 6 * HOUR], step: STEP });
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
    const inner = new SeasonalForecaster({ shard: 's', leads: [STEP, HOUR], step: STEP });
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

describe('what earlier occurrences did', () => {
  it('is learned over the course of an event that comes again, without any factor', () => {
    // Three times at first, twice later.
    const course = (since: Seconds): number =>
      since < 0 || since >= 12 * HOUR ? 1 : since < 4 * HOUR ? 3 : 2;
    const starts = [10, 12, 17].map((day) => T0 + day * DAY);
    const values = loads(25, (time) => starts.map((start) => course(time - start)).reduce((a, b) => a * b));
    const next = T0 + 24 * DAY;
    const calendar = [...starts, next].map((from) => ({ from, hours: 12 }));
    const forecaster = forecasterOf({ calendar });
    const got = medians(forecaster, values, next, [HOUR, 2 * HOUR, 5 * HOUR]);
    [3, 3, 2].forEach((factor, i) => void expect(got[i]! / factor).toBeCloseTo(1, 0.7));
    expect(forecaster.forecast(next - STEP, [HOUR]).moved?.[0]?.cause).toBe('event sale');
  });

  it('moves a factor that was given', () => {
    const starts = [10, 12, 17].map((day) => T0 + day * DAY);
    const values = loads(25, (time) => starts.map((start) => on(start, 6, 4)(time)).reduce((a, b) => a * b));
    const next = T0 + 24 * DAY;
    const calendar = [...starts, next].map((from) => ({ from, hours: 6, factor: 2 }));
    const before = medians(forecasterOf({ calendar }), values, starts[0]!, [HOUR])[0]!;
    const after = medians(forecasterOf({ calendar }), values, next, [HOUR])[0]!;
    expect(before).toBeCloseTo(2, 0.5);
    expect(after).toBeGreaterThan(3.2);
    expect(after).toBeLessThan(4.3);
  });

  it('widens the quantiles while little is known, less with each occurrence', () => {
    const starts = [10, 12, 14, 16, 18, 20].map((day) => T0 + day * DAY);
    const next = T0 + 24 * DAY;
    const spread = (count: number) => {
      const seen = starts.slice(starts.length - count);
      const forecaster = forecasterOf({
        calendar: [...seen, next].map((from) => ({ from, hours: 6, factor: 3 })),
      });
      feed(
        forecaster,
        loads(24, (time) => seen.map((from) => on(from, 6, 3)(time)).reduce((a, b) => a * b)),
      );
      const made = forecaster.forecast(next - STEP, [HOUR]);
      return quantile(made, 0.99) / quantile(made, 0.5);
    };
    const [once, often] = [spread(1), spread(6)];
    expect(once).toBeGreaterThan(often);
    expect(often).toBeGreaterThan(1);
  });

  it('is seen during the first one: the level after it is the one before it', () => {
    const start = T0 + 10 * DAY + 8 * HOUR;
    const values = loads(12, on(start, 8, 5));
    const calendar = [
      { from: start, hours: 8 },
      { from: start + WEEK, hours: 8 },
    ];
    const forecaster = forecasterOf({ calendar });
    const during = medians(forecaster, values, start + 5 * HOUR, [0, HOUR, 4 * HOUR, 6 * HOUR]);
    [5, 5, 1, 1].forEach((factor, i) => void expect(during[i]! / factor).toBeCloseTo(1, 0.5));
    const nextDay = medians(forecaster, values, start + DAY, [HOUR, 2 * HOUR]);
    for (const factor of nextDay) expect(factor).toBeCloseTo(1, 0.7);
  });

  it('is shared by the holidays of a place, until one was seen itself', () => {
    const dates = [9, 16, 22, 29].map((day, i) => ({
      date: iso(T0 + day * DAY).slice(0, 10),
      days: 1,
      name: ['Epiphany', 'Labour Day', 'Whit Monday', 'Labour Day'][i]!,
    }));
    const holidays = [{ country: 'DE', state: 'BY', dates }];
    const effect: Record<string, number> = { Epiphany: 0.4, 'Labour Day': 0.6, 'Whit Monday': 0.5 };
    const values = loads(31, (time) => {
      const day = dates.find(({ date }) => iso(time).startsWith(date));
      return day === undefined ? 1 : effect[day.name]!;
    });
    const forecaster = forecasterOf({ holidays });
    const unseen = medians(forecaster, values, T0 + 9 * DAY, [HOUR])[0]!;
    expect(unseen).toBeCloseTo(1, 0.7);
    const shared = medians(forecaster, values, T0 + 22 * DAY, [HOUR, 3 * HOUR]);
    for (const factor of shared) expect(Math.abs(factor - 0.5)).toBeLessThan(0.12);
    const own = medians(forecaster, values, T0 + 29 * DAY, [HOUR])[0]!;
    expect(Math.abs(own - 0.58)).toBeLessThan(0.06);
    expect(forecaster.forecast(T0 + 29 * DAY - STEP, [HOUR]).moved?.[0]?.cause).toBe('holiday Labour Day');
  });

  it('on one day of several in a row is thought of the next, as soon as that begins', () => {
    const dates = ['Good Friday', 'Easter Saturday'].map((name, i) => ({
      date: iso(T0 + (9 + i) * DAY).slice(0, 10),
      name,
    }));
    const values = loads(12, on(T0 + 9 * DAY, 48, 0.5));
    const forecaster = forecasterOf({ holidays: [{ country: 'AU', dates }] });
    feed(forecaster, values, 0, (10 * DAY) / STEP + 1);
    const made = forecaster.forecast(T0 + 10 * DAY, [6 * HOUR]);
    expect(Math.abs(quantile(made, 0.5) / usualAt(T0 + 10 * DAY + 6 * HOUR) - 0.55)).toBeLessThan(0.1);
  });

  it('is not looked for where nothing shows the load without it', () => {
    const every = (time: Seconds) => on(10 * HOUR, 2, 3)((time - T0) % DAY);
    const daily = { from: T0 + 10 * HOUR, hours: 2, repeat: 'daily' } as const;
    const forecaster = forecasterOf({ calendar: [daily], inner: new Yesterday() });
    const got = medians(forecaster, loads(15, every), T0 + 14 * DAY + 9 * HOUR, [
      0,
      HOUR,
      2 * HOUR,
      3 * HOUR,
    ]);
    // The season has it.
    [1, 3, 3, 1].forEach((factor, i) => void expect(got[i]! / factor).toBeCloseTo(1, 0.7));
  });
});

describe('local time', () => {
  it('a daily event stays at its hour when clocks change', () => {
    // Summer time begins in Berlin on 2026-03-29.
    const from = T0 + 10 * HOUR;
    const daily = { from, hours: 2, factor: 3, repeat: 'daily' } as const;
    const forecaster = forecasterOf({ timeZone: 'Europe/Berlin', calendar: [daily] });
    const day = T0 + 84 * DAY;
    for (let time = day - 3 * DAY; time < day; time += STEP) forecaster.observe({ time, load: 10 });
    const made = forecaster.forecast(day, [8 * HOUR, 9 * HOUR, 10.5 * HOUR, 11 * HOUR]);
    const at = made.horizons.map(({ quantiles }) => Math.round(quantiles[MEDIAN]! / 10));
    expect(iso(day)).toBe('2026-03-30T00:00:00.000Z');
    expect(at).toEqual([1, 3, 3, 1]);
  });
});

describe('forecasts are sound and depend on nothing later', () => {
  const calendar = [
    { name: 'closed', from: T0 + 5 * DAY, hours: 30, factor: 0 },
    { name: 'night', from: T0 + 2 * HOUR, hours: 1, factor: 0.2, repeat: 'daily' },
    { name: 'sale', from: T0 + 3 * DAY, hours: 12 },
    { name: 'sale', from: T0 + 8 * DAY, hours: 12, load: 120 },
    { name: 'week', from: T0 + 1 * DAY, hours: 20, factor: 4, repeat: 'weekly' },
  ] as const;
  const horizons = [0, STEP, HOUR, 6 * HOUR, DAY, 2 * DAY];

  it.each([
    ['usual', (load: number) => load],
    ['nothing', () => 0],
    ['bursts', (load: number, i: number) => (i % 97 === 0 ? 1e6 * load : 0)],
    ['huge', (load: number) => 1e57 * load],
    ['tiny', (load: number) => 1e-12 * load],
  ])('%s', (_, shape) => {
    const values = loads(12).map(shape);
    const garbled = values.map((value, i) => (i > 1300 ? 7 * ((i * 7919) % 13) : value));
    const runs = [values, garbled].map((series) => {
      const forecaster = forecasterOf({ calendar });
      const made: string[] = [];
      series.forEach((load, i) => {
        forecaster.observe({ time: T0 + i * STEP, load });
        if (i % 31 !== 0) return;
        const forecast = forecaster.forecast(T0 + i * STEP, horizons);
        for (const { quantiles } of forecast.horizons) {
          const list = Array.from(quantiles);
          expect(list.every((value, k) => Number.isFinite(value) && value >= (list[k - 1] ?? 0))).toBe(true);
        }
        if (i <= 1300) made.push(JSON.stringify(forecast));
      });
      return made;
    });
    expect(runs[0]).toEqual(runs[1]);
  });

  it('taken up from its state at any point, it goes on as if it had not been put away', () => {
    const values = loads(12);
    const whole = forecasterOf({ calendar });
    let parts = forecasterOf({ calendar });
    values.forEach((load, i) => {
      const point = { time: T0 + i * STEP, load };
      whole.observe(point);
      parts.observe(point);
      if (i % 53 !== 0) return;
      const state = parts.state();
      parts = forecasterOf({ calendar });
      parts.restore(state);
      expect(parts.knownUntil).toBe(whole.knownUntil);
      const [got, expected] = [parts, whole].map((one) => one.forecast(point.time, horizons));
      // The forecaster inside rounds what it puts away.
      expected!.horizons.forEach(({ quantiles }, k) => {
        const off = Array.from(quantiles, (load, q) => got!.horizons[k]!.quantiles[q]! - load);
        expect(Math.max(...off.map(Math.abs))).toBeLessThan(1e-3);
      });
    });
  });
});

describe('a state', () => {
  const weekly = { from: T0 + DAY, hours: 20, factor: 4, repeat: 'weekly' } as const;
  const fed = (calendar: NonNullable<Calendar['calendar']>) => {
    const forecaster = forecasterOf({ calendar });
    feed(forecaster, loads(9));
    return forecaster;
  };

  it('is small', () => {
    const inner = new SeasonalForecaster({ shard: 's', leads: [STEP, HOUR, 2 * HOUR, 6 * HOUR], step: STEP });
    loads(9).forEach((load, i) => {
      inner.observe({ time: T0 + i * STEP, load });
    });
    expect(fed([weekly]).state().length - inner.state().length).toBeLessThan(8 * 1024);
  });

  it('does not fit when what comes often has changed: its past was fed otherwise', () => {
    const state = fed([weekly]).state();
    for (const calendar of [[], [{ ...weekly, factor: 3 }], [{ ...weekly, hours: 10 }]])
      expect(() => forecasterOf({ calendar }).restore(state)).toThrow(
        'expected events that come as often as before',
      );
    // What is to come first changes nothing of the past; nor does what comes seldom.
    const more = { ...weekly, name: 'new', from: T0 + 20 * DAY };
    const seldom = { from: T0 + DAY, hours: 2, factor: 3, repeat: 'yearly' } as const;
    forecasterOf({ calendar: [weekly, more, seldom] }).restore(state);
  });

  it('of an event that was on when it came into the calendar leaves the loads as they are', () => {
    const start = T0 + 9 * DAY - 6 * HOUR;
    const state = fed([]).state();
    const forecaster = forecasterOf({ calendar: [{ from: start, hours: 12, factor: 3 }] });
    forecaster.restore(state);
    const plain = forecasterOf();
    plain.restore(state);
    const point = { time: T0 + 9 * DAY, load: 40 };
    for (const one of [forecaster, plain]) one.observe(point);
    const [got, expected] = [forecaster, plain].map((one) => one.forecast(point.time, [HOUR]));
    expect(got).toEqual(expected);
  });

  it('keeps what an event did that is not in the calendar any more', () => {
    const starts = [3, 5].map((day) => T0 + day * DAY);
    const forecaster = forecasterOf({ calendar: starts.map((from) => ({ from, hours: 6 })) });
    feed(
      forecaster,
      loads(9, (time) => on(starts[0]!, 6, 3)(time) * on(starts[1]!, 6, 3)(time)),
    );
    const later = forecasterOf({ calendar: [{ from: T0 + 9 * DAY + HOUR, hours: 6, factor: 1 }] });
    later.restore(forecaster.state());
    const [factor] = [later.forecast(T0 + 9 * DAY - STEP, [2 * HOUR]).moved?.[0]?.factor];
    expect(factor).toBeGreaterThan(2);
  });

  it('of another forecaster, or damaged, is refused', () => {
    const forecaster = forecasterOf();
    const inner = new SeasonalForecaster({ shard: 's', leads: [STEP], step: STEP });
    const state = fed([weekly]).state();
    for (const bytes of [inner.state(), new Uint8Array(), state.subarray(0, state.length - 8)])
      expect(() => forecaster.restore(bytes)).toThrow(
        expect.objectContaining({ name: 'ForecasterStateError' }),
      );
  });
});
