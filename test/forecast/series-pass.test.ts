import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import {
  type Forecast,
  type Indicators,
  type KeptForecaster,
  LEVELS,
  type LoadPoint,
} from '../../core/forecast/forecast.ts';
import { KnownGrid, stepOf } from '../../core/forecast/series/grid.ts';
import { leadsFor } from '../../core/forecast/series/leads.ts';
import { inOrder, lastKnown, type Points } from '../../core/forecast/series/points.ts';
import { forecastOrigins, GIVEN, type Origin, type Run } from '../../core/forecast/series/run.ts';
import { daily, T0 } from './series.ts';

const make: Run['make'] = ({ series, grid, leads, indicators }, state) => {
  const forecaster = new Analyser({ shard: series, step: grid.step, leads, indicators });
  if (state !== undefined) forecaster.restore(state);
  return forecaster;
};
const HORIZONS = [300, 3600];
const run = (series: readonly Points[], origins: readonly Origin[], horizons = HORIZONS) =>
  forecastOrigins({ series, origins, horizons, make });

/** Points as a file may have them: late, early, several in a slot, missing. */
const jumbled = fc
  .array(
    fc.record({
      gap: fc.constantFrom(300, 300, 300, 300, 300, 120, 60, 7, 0, 290, 310, 900),
      value: fc.oneof(
        { weight: 9, arbitrary: fc.double({ min: 0, max: 1e6, noNaN: true }) },
        fc.constant(Number.NaN),
      ),
    }),
    { minLength: 1, maxLength: 80 },
  )
  .map((rows) => {
    let time = T0;
    const times = rows.map(({ gap }) => (time += gap));
    return { name: 'a', times, values: rows.map(({ value }) => value) };
  });

describe('forecasts at many origins', () => {
  it('know nothing of what comes after each, whatever comes and wherever its stamps lie', () => {
    const after = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.double({ min: 0, max: 1e9, noNaN: true })),
      {
        maxLength: 30,
      },
    );
    const ask = fc.array(fc.integer({ min: -600, max: 30_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(jumbled, after, ask, fc.nat(5), ({ name, times, values }, garbage, asked, pick) => {
        const origins = asked.map((late) => ({ series: name, origin: T0 + late }));
        const { origin } = origins[pick % origins.length]!;
        const known = times.filter((time) => time <= origin).length;
        const [first] = inOrder([
          {
            name,
            times: [...times.slice(0, known), ...garbage.map(([late]) => origin + late)],
            values: [...values.slice(0, known), ...garbage.map(([, value]) => value)],
          },
        ]);
        const all = run([{ name, times, values }], origins);
        const alone = run([first!], [{ series: name, origin }]);
        const width = HORIZONS.length * GIVEN.length;
        const at = (pick % origins.length) * width;
        expect([...alone]).toEqual([...all.slice(at, at + width)]);
      }),
      { numRuns: 300 },
    );
  });

  it('know nothing of what comes after in the other series either, but for the stamps before', () => {
    const a = { name: 'a', times: [0, 300, 600, 900].map((t) => T0 + t), values: [1, 2, 3, 4] };
    const later = {
      name: 'b',
      times: [900, 960, 1020, 1080, 1140].map((t) => T0 + t),
      values: [1, 1, 1, 1, 1],
    };
    const origin = [{ series: 'a', origin: T0 + 600 }];
    expect(run([a, later], origin)).toEqual(run([a], origin));
  });

  it('are finite, ascending and not negative with one, two, three points, and with none', () => {
    for (let n = 0; n <= 12; n++) {
      const times = Array.from({ length: 12 }, (_, i) => T0 + i * 300);
      const values = times.map((_, i) => (i < n ? 10 + (i % 3) : Number.NaN));
      const found = run(
        [{ name: 'a', times, values }],
        [{ series: 'a', origin: T0 + 3300 }],
        [300, 86_400, 172_800],
      );
      for (let at = 0; at < found.length; at += GIVEN.length) {
        const row = [...found.slice(at, at + GIVEN.length)];
        expect(row.every(Number.isFinite)).toBe(true);
        expect(row).toEqual([...row].sort((x, y) => x - y));
        expect(row[0]).toBeGreaterThanOrEqual(0);
        if (n > 0) expect(row[1]).toBeGreaterThan(5);
      }
    }
  });

  it('are zero before the first point, and finite long after the last', () => {
    const a = { name: 'a', times: [T0, T0 + 300, T0 + 600], values: [5, 5, 5] };
    const found = run(
      [a],
      [T0 - 1, T0 + 90 * 86_400].map((origin) => ({ series: 'a', origin })),
      [300],
    );
    expect([...found.slice(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    expect(found[6]).toBeCloseTo(5);
  });

  it('come in the order asked for, each at its own horizon', () => {
    const values = daily(6, { perDay: 288, noise: 0 });
    const a = { name: 'a', times: values.map((_, i) => T0 + i * 300), values };
    const origins = [5, 3, 4].map((day) => ({ series: 'a', origin: T0 + day * 86_400 }));
    const mixed = run([a], origins, [21_600, 300]);
    origins.forEach((origin, i) => {
      const far = run([a], [origin], [300, 21_600]);
      const here = mixed.slice(i * 10, i * 10 + 10);
      expect([...here]).toEqual([...far.slice(5), ...far.slice(0, 5)]);
    });
    // Six hours after midnight the load is at its mean, five minutes after near its least.
    expect(mixed[1]! / mixed[6]!).toBeGreaterThan(1.5);
  });

  it('average what shares a slot, and take stamps off the grid for the nearest slot', () => {
    const even = { name: 'a', times: [0, 300, 600, 900, 1200].map((t) => T0 + t), values: [1, 2, 3, 4, 5] };
    const odd = {
      name: 'a',
      times: [0, 310, 600, 640, 880, 1200].map((t) => T0 + t),
      values: [1, 2, 2, 4, 4, 5],
    };
    const origin = [{ series: 'a', origin: T0 + 1200 }];
    expect(new KnownGrid([odd]).asOf(T0 + 1200).step).toBe(290);
    const both = [odd, { name: 'b', times: even.times, values: even.values }];
    expect(new KnownGrid(both).asOf(T0 + 1200).step).toBe(300);
    // The slot with two points is averaged by a copy: what it learns is the same but for rounding.
    for (const [i, load] of run(both, origin).entries()) expect(load).toBeCloseTo(run([even], origin)[i]!, 4);
  });

  it('know the season still behind a gap of months', () => {
    const values = daily(12, { perDay: 144, noise: 0 });
    const gap = (i: number) => (i < 10 * 144 ? 0 : 83 * 86_400);
    const times = values.map((_, i) => T0 + i * 600 + gap(i));
    const origin = times[10 * 144 + 6]!;
    const found = run([{ name: 'a', times, values }], [{ series: 'a', origin }], [21_600]);
    expect(found[1]! / values[10 * 144 + 6 + 36]!).toBeCloseTo(1, 1);
  });

  it('begin a series anew behind a long gap where little was known before it', () => {
    const times = [T0, T0 + 300, T0 + 600, T0 + 40 * 86_400];
    const found = run(
      [{ name: 'a', times, values: [9, 9, 9, 2] }],
      [{ series: 'a', origin: times[3]! }],
      [300],
    );
    expect(found[1]).toBeCloseTo(2);
  });

  it('refuse an origin of a series that there is none of', () => {
    expect(() => run([], [{ series: 'x', origin: 0 }])).toThrow('expected a series of the load, got x');
  });
});

/** A forecaster that says nothing but what it has seen, of other series too. */
class Witness implements KeptForecaster {
  knownUntil: number | undefined;
  readonly followedUntil = undefined;
  readonly #indicators: Indicators;
  #seen = 0;

  constructor(indicators: Indicators, state?: Uint8Array) {
    this.#indicators = indicators;
    if (state !== undefined)
      [this.#seen, this.knownUntil] = new Float64Array(state.slice().buffer) as unknown as [number, number];
  }

  observe({ time, load }: LoadPoint): void {
    const { names, at } = this.#indicators;
    for (const value of [load, ...names.map((_, i) => at(i, time))])
      this.#seen = (31 * this.#seen + (Number.isNaN(value) ? 7 : value)) % 1e9;
    this.knownUntil = time;
  }

  forecast(at: number, horizons: readonly number[]): Forecast {
    const made = horizons.map((ahead) => ({ ahead, quantiles: LEVELS.map(() => this.#seen) }));
    return { shard: '', at, knownUntil: this.knownUntil ?? 0, horizons: made, method: '' };
  }

  follow(): void {}

  state(): Uint8Array {
    return new Uint8Array(Float64Array.of(this.#seen, this.knownUntil ?? Number.NaN).buffer);
  }
}

describe('what may lead a series', () => {
  const witness: Run['make'] = ({ indicators }, state) => new Witness(indicators, state);

  it('is never looked at beyond an origin, nor beyond the stamps of the points taken in', () => {
    const other = fc.array(
      fc.tuple(fc.integer({ min: -900, max: 30_000 }), fc.double({ min: -10, max: 10, noNaN: true })),
      {
        maxLength: 60,
      },
    );
    const seriesOf = (name: string, points: readonly (readonly [number, number])[]) =>
      inOrder([
        { name, times: points.map(([late]) => T0 + late), values: points.map(([, value]) => value) },
      ])[0]!;
    const ask = fc.array(fc.integer({ min: -600, max: 30_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(jumbled, other, other, ask, fc.nat(5), (a, beside, leading, asked, pick) => {
        const late = asked[pick % asked.length]!;
        const seen = (to: number, origins: readonly number[]) => {
          const known = <T extends readonly [number, number]>(points: readonly T[]) =>
            points.filter(([at]) => at <= to);
          const upTo = a.times.filter((time) => time <= T0 + to).length;
          const queue = seriesOf('queue', known(leading));
          return forecastOrigins({
            series: [
              { name: 'a', times: a.times.slice(0, upTo), values: a.values.slice(0, upTo) },
              seriesOf('b', known(beside)),
            ],
            origins: origins.map((one) => ({ series: 'a', origin: T0 + one })),
            horizons: [300],
            make: witness,
            indicators: () => new Map([['queue', queue]]),
          });
        };
        const at = (pick % asked.length) * GIVEN.length;
        expect(seen(late, [late])[0]).toBe(seen(1e9, asked)[at]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what a pass asks of a forecaster', () => {
  it('is exactly the horizons from origins on the grid, and their neighbours from others', () => {
    expect(leadsFor([300, 900, 3600], 300, true)).toEqual([300, 900, 3600]);
    expect(leadsFor([300, 900], 3600, true)).toEqual([3600]);
    expect(leadsFor([450], 300, true)).toEqual([300, 600]);
    expect(leadsFor([300, 86_400], 300, false)).toEqual([300, 600, 86_100, 86_400, 86_700]);
  });

  it('is made anew seldom where stamps are so uneven that the median wanders', () => {
    let made = 0;
    const counting: Run['make'] = (...args) => {
      made++;
      return make(...args);
    };
    const times: number[] = [];
    let time = T0;
    for (let i = 0; i < 2000; i++) {
      time += 150 + ((i * i * 7919) % 331);
      times.push(time);
    }
    const series = [{ name: 'a', times, values: times.map((_, i) => i % 7) }];
    const origins = times.slice(2).map((origin) => ({ series: 'a', origin: origin + 1 }));
    const grid = new KnownGrid(series);
    const steps = origins.map(({ origin }) => grid.asOf(origin).step);
    const changes = steps.filter((step, i) => i > 0 && step !== steps[i - 1]).length;
    expect(changes).toBeGreaterThan(3);
    expect(changes).toBeLessThan(60);
    // Slots that are shared make a copy for each origin; series that begin anew make one more.
    forecastOrigins({ series, origins: origins.slice(0, 40), horizons: HORIZONS, make: counting });
    expect(made).toBeLessThan(150);
  });

  it('is made once for each series, however many origins there are', () => {
    let made = 0;
    const counting: Run['make'] = (...args) => {
      made++;
      return make(...args);
    };
    const times = Array.from({ length: 600 }, (_, i) => T0 + i * 300);
    const series = ['a', 'b'].map((name) => ({ name, times, values: times.map((_, i) => i % 7) }));
    const origins = series.flatMap(({ name }) => times.slice(2).map((origin) => ({ series: name, origin })));
    forecastOrigins({ series, origins, horizons: HORIZONS, make: counting });
    expect(made).toBe(2);
  });
});

describe('the step of a grid', () => {
  it('is whole minutes that divide a day, where the median is near', () => {
    expect([58.5, 60, 61, 299, 307, 1795, 3612, 3700].map(stepOf)).toEqual([
      60, 60, 60, 300, 300, 1800, 3600, 3600,
    ]);
    expect([100, 290, 420, 2820, 3000].map(stepOf)).toEqual([100, 290, 420, 2820, 3000]);
    expect([0, 5, 58, 3720, 7200].map(stepOf)).toEqual(Array(5).fill(undefined));
  });

  it('does not depend on who asked before', () => {
    let time = T0;
    const times = Array.from({ length: 500 }, (_, i) => (time += 60 + ((i * i * 131) % 97)));
    const series = [{ name: 'a', times, values: times }];
    const often = new KnownGrid(series);
    for (const [i, at] of times.entries()) {
      const grid = often.asOf(at);
      if (i % 37 === 0) expect(new KnownGrid(series).asOf(at)).toEqual(grid);
    }
  });
});

describe('points of a file', () => {
  it('are put in order of time, equal stamps in the order of the file', () => {
    const [one] = inOrder([{ name: 'a', times: [20, 10, 20, 15], values: [1, 2, 3, 4] }]);
    expect([Array.from(one!.times), Array.from(one!.values)]).toEqual([
      [10, 15, 20, 20],
      [2, 4, 1, 3],
    ]);
  });

  it('end at the newest value, not at the newest stamp', () => {
    expect(lastKnown({ name: 'a', times: [1, 2, 3], values: [1, 2, Number.NaN] })).toBe(2);
    expect(lastKnown({ name: 'a', times: [1], values: [Number.NaN] })).toBeUndefined();
  });
});
