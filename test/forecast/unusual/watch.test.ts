import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ForecasterStateError } from '../../../core/forecast/state.ts';
import { HOUR } from '../../../core/time.ts';
import { daily, forecasterOf } from '../series.ts';
import { marks, PER_DAY, STEP, timeOf, watchOf } from './broken.ts';

const GOOD = daily(6, { perDay: PER_DAY });
const FROM = 5 * PER_DAY + 100;
/** Six points: half an hour. */
const HALF_HOUR = 6;

const broken = (length: number, value: (load: number) => number) =>
  GOOD.map((load, i) => (i >= FROM && i < FROM + length ? value(load) : load));

describe('what cannot be', () => {
  it.each([
    ['zero!', () => 0],
    ['jump!', (load: number) => load * 1000],
    ['jump!', (load: number) => load / 1000],
  ])('%s for half an hour is withheld, and dropped', (mark, value) => {
    const { watched, inner } = watchOf();
    const seen = marks(watched, broken(HALF_HOUR, value));
    expect(seen.slice(FROM, FROM + HALF_HOUR)).toEqual(Array(HALF_HOUR).fill(mark));
    expect(new Set([...seen.slice(0, FROM), ...seen.slice(FROM + HALF_HOUR)])).toEqual(new Set(['']));
    const times = GOOD.map((_, i) => i).filter((i) => i < FROM || i >= FROM + HALF_HOUR);
    expect(inner.got).toEqual(times.map((i) => [timeOf(i), GOOD[i]]));
  });

  it('the same value again and again is withheld once that is sure', () => {
    const { watched } = watchOf();
    const stuck = GOOD[FROM]!;
    const seen = marks(
      watched,
      broken(10, () => stuck),
    );
    expect(seen.slice(FROM, FROM + 11)).toEqual([...Array(5).fill(''), ...Array(5).fill('flat!'), '']);
  });

  it('says since when, what it was, and what was expected', () => {
    const { watched } = watchOf();
    const values = broken(3, (load) => load * 1000).slice(0, FROM + 3);
    marks(watched, values);
    const { unusual, knownUntil } = watched.forecast(timeOf(FROM + 3), [0]);
    expect(unusual).toMatchObject({
      kind: 'jump',
      since: timeOf(FROM),
      load: values[FROM + 2],
      withheld: true,
    });
    expect(unusual!.low).toBeLessThan(GOOD[FROM + 2]!);
    expect(unusual!.high).toBeGreaterThan(GOOD[FROM + 2]!);
    expect(unusual!.median / GOOD[FROM + 2]!).toBeCloseTo(1, 0);
    // The forecast stands on what was good; the point has come all the same.
    expect(knownUntil).toBe(timeOf(FROM - 1));
    expect(watched.knownUntil).toBe(timeOf(FROM + 2));
  });

  it('moves no forecast', () => {
    const gap = watchOf();
    const zero = watchOf();
    const values = broken(HALF_HOUR, () => 0).slice(0, FROM + HALF_HOUR);
    marks(zero.watched, values);
    marks(gap.watched, values.slice(0, FROM));
    const now = timeOf(values.length);
    expect(zero.watched.forecast(now, [0, HOUR]).horizons).toEqual(
      gap.watched.forecast(now, [0, HOUR]).horizons,
    );
  });
});

describe('load that is zero at night', () => {
  const nightly = (i: number) => i % PER_DAY < 60;
  const values = GOOD.map((load, i) => (nightly(i) ? 0 : load));

  it('may be zero then, and not by day', () => {
    const day = values.map((load, i) => (i >= FROM && i < FROM + HALF_HOUR ? 0 : load));
    const seen = marks(watchOf().watched, day);
    expect(seen.flatMap((mark, i) => (mark.endsWith('!') ? i : []))).toEqual(
      Array.from({ length: HALF_HOUR }, (_, i) => FROM + i),
    );
  });
});

describe('a metric that is not quite mended', () => {
  it('is withheld until its load is about what it should be', () => {
    const { watched } = watchOf();
    const factors = [1000, 40, 12, 8, 2, 1];
    const values = GOOD.map((load, i) => load * (factors[i - FROM] ?? 1));
    const seen = marks(watched, values).slice(FROM, FROM + factors.length);
    expect(seen).toEqual(['jump!', 'jump!', 'jump!', 'jump!', '', '']);
  });
});

describe('what lasts', () => {
  it('is believed after the bound, and passed on whole and in order', () => {
    const { watched, inner } = watchOf();
    const values = broken(40, () => 0);
    const seen = marks(watched, values);
    expect(seen.slice(FROM, FROM + 26)).toEqual([
      ...Array(12).fill('zero!'),
      ...Array(12).fill('shift'),
      '',
      '',
    ]);
    expect(inner.got).toEqual(values.map((load, i) => [timeOf(i), load]));
  });

  it('is believed at once where nothing may be withheld', () => {
    const { watched, inner } = watchOf({ withhold: 0 });
    const values = broken(3, (load) => load * 1000);
    expect(marks(watched, values)[FROM]).toBe('shift');
    expect(inner.got).toHaveLength(values.length);
  });

  it('at coarse steps one point is withheld, not two', () => {
    const { watched } = watchOf({ step: HOUR });
    const values = daily(20, { perDay: 24 });
    const at = 24 * 19;
    for (let i = at; i < at + 4; i++) values[i] = 0;
    expect(marks(watched, values, { step: HOUR }).slice(at, at + 3)).toEqual(['zero!', 'shift', '']);
  });
});

describe('what is only unusual', () => {
  it('a flash crowd is passed on, and told of', () => {
    const { watched, inner } = watchOf();
    const values = broken(20, (load) => load * 15);
    const seen = marks(watched, values);
    expect(seen[FROM]).toBe('jump');
    expect(seen.filter((mark) => mark.endsWith('!'))).toEqual([]);
    expect(inner.got).toHaveLength(values.length);
  });

  it('a rise to a thousand times the load within half an hour is passed on', () => {
    const { watched, inner } = watchOf();
    const values = [
      ...GOOD.slice(0, FROM),
      ...Array.from({ length: 10 }, (_, i) => GOOD[FROM]! * 4 ** (i + 1)),
    ];
    marks(watched, values);
    expect(inner.got).toHaveLength(values.length);
  });

  it.each([
    ['often zero', (load: number, i: number) => (i % 60 < 3 ? 0 : load)],
    ['often constant', (load: number, i: number) => (i % PER_DAY < 100 ? 50 : load)],
    ['small counts', (load: number) => Math.round(load / 50)],
    ['always constant', () => 7],
    ['always zero', () => 0],
  ])('%s: nothing is withheld', (_, value) => {
    const { watched, inner } = watchOf();
    const values = GOOD.map(value);
    marks(watched, values);
    expect(inner.got).toHaveLength(values.length);
  });

  it('nothing is, in the first day of a shard', () => {
    const { watched, inner } = watchOf();
    const values = [...GOOD.slice(0, PER_DAY - 10), 0, 0, 1e6, 1e6, 0.001];
    expect(new Set(marks(watched, values))).toEqual(new Set(['']));
    expect(inner.got).toHaveLength(values.length);
  });
});

/** Loads that come and go, stick, jump and vanish, for some hours each. */
const trouble = fc.array(
  fc.record({
    points: fc.integer({ min: 1, max: 40 }),
    how: fc.constantFrom('good', 'good', 'zero', 'flat', 'up', 'down', 'flap'),
  }),
  { minLength: 1, maxLength: 12 },
);

function troubled(parts: readonly { readonly points: number; readonly how: string }[]): number[] {
  const values = GOOD.slice(0, FROM);
  for (const { points, how } of parts)
    for (let n = 0; n < points; n++) {
      const load = GOOD[values.length % GOOD.length]!;
      const off = {
        good: load,
        zero: 0,
        flat: 77.7,
        up: load * 1000,
        down: load / 1000,
        flap: n % 2 ? 0 : load,
      };
      values.push(off[how as keyof typeof off]);
    }
  return values;
}

describe('whatever comes', () => {
  it('no more than the bound is withheld in a row, and about a fifth in all; the rest goes on unchanged, in order', () => {
    fc.assert(
      fc.property(trouble, fc.constantFrom(0, 600, 3600), (parts, withhold) => {
        const { watched, inner } = watchOf({ withhold });
        const values = troubled(parts);
        let row = 0;
        for (const mark of marks(watched, values)) {
          row = mark.endsWith('!') ? row + 1 : 0;
          expect(row * STEP).toBeLessThanOrEqual(withhold);
        }
        const late = row;
        const dropped = values.length - inner.got.length - late;
        expect(dropped * STEP).toBeLessThanOrEqual(withhold + ((values.length - FROM) * STEP) / 4);
        const byTime = new Map(values.map((load, i) => [timeOf(i), load]));
        let before = Number.NEGATIVE_INFINITY;
        for (const [time, load] of inner.got) {
          expect(time).toBeGreaterThan(before);
          expect(load).toBe(byTime.get(time));
          before = time;
        }
      }),
      { numRuns: 30 },
    );
  });

  it('it can be put away at any point and goes on as if nothing had been', () => {
    fc.assert(
      fc.property(trouble, fc.double({ min: 0, max: 1, noNaN: true }), (parts, cut) => {
        const values = troubled(parts).map(Math.round);
        const at = FROM + Math.floor(cut * (values.length - FROM));
        const whole = watchOf().watched;
        const first = watchOf().watched;
        marks(whole, values);
        marks(first, values.slice(0, at));
        const second = watchOf().watched;
        second.restore(first.state());
        marks(second, values, { from: at });
        const now = timeOf(values.length);
        expect(second.forecast(now, [0, HOUR])).toEqual(whole.forecast(now, [0, HOUR]));
        expect(second.knownUntil).toBe(whole.knownUntil);
        expect(second.state()).toEqual(whole.state());
      }),
      { numRuns: 12 },
    );
  });
});

describe('the state', () => {
  it('is small beside the forecaster’s', () => {
    const { watched, inner } = watchOf();
    marks(watched, broken(8, () => 0).slice(0, FROM + 8));
    expect(watched.state().length - inner.state().length).toBeLessThan(1024);
  });

  it('of another forecaster, or cut off, is refused', () => {
    const { watched, inner } = watchOf();
    marks(watched, GOOD.slice(0, 500));
    expect(() => watchOf().watched.restore(inner.state())).toThrow(ForecasterStateError);
    expect(() => watchOf().watched.restore(watched.state().slice(0, -8))).toThrow(ForecasterStateError);
    expect(() => watchOf({ step: HOUR }).watched.restore(watched.state())).toThrow(/step 3600, got 300/);
  });
});

describe('points', () => {
  it('that are no load, or not the next one, are refused; nothing has changed then', () => {
    const { watched } = watchOf();
    marks(watched, broken(2, () => 0).slice(0, FROM + 2));
    const before = watched.state();
    for (const load of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e61])
      expect(() => watched.observe({ time: timeOf(FROM + 2), load })).toThrow(/load of s at|load of s/);
    expect(() => watched.observe({ time: timeOf(FROM + 1), load: 1 })).toThrow(RangeError);
    expect(watched.state()).toEqual(before);
  });

  it('are what the inner forecaster would have had by itself, as long as they are good', () => {
    const { watched } = watchOf();
    const alone = forecasterOf({ step: STEP, leads: [STEP, 2 * STEP, 6 * STEP, 12 * STEP] });
    marks(watched, GOOD);
    GOOD.forEach((load, i) => {
      alone.observe({ time: timeOf(i), load });
    });
    const now = timeOf(GOOD.length);
    expect(watched.forecast(now, [0, HOUR])).toEqual(alone.forecast(now, [0, HOUR]));
  });
});
