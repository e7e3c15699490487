import { describe, expect, it } from 'vitest';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { MEDIAN } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, type Seconds, WEEK } from '../../core/time.ts';
import { type Calendar, feed, forecasterOf, iso, loads, medians, on, usualAt, Yesterday } from './events.ts';
import { quantile, STEP, T0 } from './series.ts';

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
    const changed = day - DAY + HOUR;
    for (let time = day - 3 * DAY; time < day; time += STEP) {
      const hour = ((time - T0) % DAY) / HOUR - (time < changed ? 10 : 9);
      forecaster.observe({ time, load: hour >= 0 && hour < 2 ? 30 : 10 });
    }
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
    ['huge', (load: number) => 1e27 * load],
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
    const inner = new Analyser({ shard: 's', leads: [STEP, HOUR, 2 * HOUR, 6 * HOUR], step: STEP });
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
    const inner = new Analyser({ shard: 's', leads: [STEP], step: STEP });
    const state = fed([weekly]).state();
    for (const bytes of [inner.state(), new Uint8Array(), state.subarray(0, state.length - 8)])
      expect(() => forecaster.restore(bytes)).toThrow(
        expect.objectContaining({ name: 'ForecasterStateError' }),
      );
  });
});
