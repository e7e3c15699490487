import { describe, expect, it } from 'vitest';
import { normals } from '../../../backtest/model/fill.ts';
import { Cycle } from '../../../core/forecast/analyser/cycle.ts';
import { Past } from '../../../core/forecast/analyser/past.ts';
import { Seasons } from '../../../core/forecast/analyser/season.ts';
import { DAY, HOUR, MINUTE, type Seconds, WEEK } from '../../../core/time.ts';
import { handOver } from './scene.ts';

type Load = (time: Seconds, normal: () => number) => number;

const season = (time: Seconds) => 100 * (1 - 0.6 * Math.cos((2 * Math.PI * time) / DAY));
const weekend = (time: Seconds) => (time % WEEK >= 5 * DAY ? 0.4 : 1);
const during = (time: Seconds, period: Seconds, length: Seconds) => (time % period < length ? 1 : 0);

class Shard {
  readonly past: Past;
  readonly cycle: Cycle;
  /** Each period that came to be used, in points. */
  readonly used: number[] = [];
  readonly #step: Seconds;
  readonly #normal: () => number;

  constructor(step: Seconds, seed = 1) {
    this.past = new Past(step);
    this.cycle = new Cycle(this.past, new Seasons(this.past, 60));
    this.#step = step;
    this.#normal = normals(seed);
  }

  feed(span: Seconds, load: Load): this {
    const end = this.past.newest + 1 + Math.round(span / this.#step);
    for (let i = this.past.newest + 1; i < end; i++) {
      // In half width, as the past keeps them.
      this.past.push(Math.fround(Math.max(0, load(i * this.#step, this.#normal))));
      this.cycle.look();
      if (!Object.is(this.cycle.period, this.used.at(-1) ?? Number.NaN)) this.used.push(this.cycle.period);
    }
    return this;
  }
}

describe('a period is found', () => {
  it.each<[string, Seconds, Seconds, Seconds, Load]>([
    ['7 min', MINUTE, 7 * MINUTE, DAY, (t, z) => season(t) + 40 * during(t, 420, 120) + 10 * z()],
    ['45 min', MINUTE, 45 * MINUTE, DAY, (t, z) => season(t) + 60 * during(t, 2700, 300) + 10 * z()],
    ['a minute of each hour', MINUTE, HOUR, DAY, (t, z) => season(t) + 200 * during(t, HOUR, 60) + 10 * z()],
    ['90 min', 5 * MINUTE, 90 * MINUTE, 2 * DAY, (t, z) => season(t) + 80 * during(t, 5400, 900) + 10 * z()],
    [
      '11 h',
      5 * MINUTE,
      11 * HOUR,
      14 * DAY,
      (t, z) => season(t) + 80 * during(t, 11 * HOUR, 7200) + 10 * z(),
    ],
    [
      '7 h, by the hour',
      HOUR,
      7 * HOUR,
      21 * DAY,
      (t, z) => season(t) + 80 * during(t, 25200, 7200) + 10 * z(),
    ],
    ['3.5 d', HOUR, 3.5 * DAY, 8 * WEEK, (t, z) => season(t) + 90 * during(t, 3.5 * DAY, 60_000) + 10 * z()],
  ])('%s', (_, step, period, within, load) => {
    for (const seed of [1, 2, 3]) {
      const { used, cycle } = new Shard(step, seed).feed(within, load);
      expect(used.length).toBeLessThanOrEqual(2);
      expect((cycle.period * step) / period).toBeCloseTo(1, 2);
    }
  });

  it('and says nothing of what is more than eight of it ahead', () => {
    const { cycle, past } = new Shard(MINUTE).feed(DAY, (t, z) => 100 + 60 * during(t, 2700, 300) + 5 * z());
    const [near, far] = [8, 9].map((cycles) =>
      cycle.expected(past.newest + Math.round((cycles - 0.5) * cycle.period), past.newest),
    );
    expect(near).toBeGreaterThan(90);
    expect(far).toBeNaN();
  });

  it('that is no whole number of points', () => {
    const { cycle } = new Shard(MINUTE).feed(
      DAY,
      (t, z) => 100 + 30 * Math.sin((2 * Math.PI * t) / 802) + 5 * z(),
    );
    const times = (cycle.period * MINUTE) / 802;
    expect(Math.round(times)).toBeGreaterThan(0);
    expect(times / Math.round(times)).toBeCloseTo(1, 2);
  });

  it('in any unit, and beside an outlier', () => {
    const load: Load = (t, z) => 1e-6 * (season(t) + 60 * during(t, 2700, 300) + 10 * z());
    expect(new Shard(MINUTE).feed(DAY, load).cycle.period).toBe(45);
    const broken: Load = (t, z) => (t === 9 * HOUR ? 1e9 : 1e6 * load(t, z));
    expect(new Shard(MINUTE).feed(DAY, broken).cycle.period).toBe(45);
  });

  it('anew after it has changed, and not lost when it pauses', () => {
    const every: (period: Seconds) => Load = (period) => (t, z) =>
      season(t) + 80 * during(t, period, 600) + 10 * z();
    const shard = new Shard(MINUTE).feed(3 * DAY, every(45 * MINUTE));
    expect(shard.used).toEqual([45]);
    shard.feed(2 * DAY, every(70 * MINUTE));
    expect(shard.cycle.period).toBe(70);
    shard.feed(2 * DAY, (t, z) => season(t) + 10 * z()).feed(2 * DAY, every(70 * MINUTE));
    expect(shard.cycle.period).toBe(70);
  });
});

describe('none is found in', () => {
  const wander = (keep: number): Load => {
    let at = 0;
    return (_, z) => {
      at = keep * at + 10 * z();
      return 1000 + at;
    };
  };
  const onOff = (): Load => {
    let on = false;
    return (_, z) => {
      if (Math.abs(z()) < 0.06) on = !on;
      return (on ? 300 : 20) * (1 + 0.1 * z());
    };
  };
  it.each<[string, () => Load]>([
    ['noise', () => (_, z) => 100 + 20 * z()],
    ['noise with a heavy tail', () => (_, z) => Math.exp(1.5 * z())],
    ['a random walk', () => wander(1)],
    ['a load that wanders about', () => wander(0.95)],
    ['bursts', onOff],
    ['rare bursts', () => (_, z) => (Math.abs(z()) < 0.01 ? 1000 : 10) + Math.abs(z())],
    ['a day', () => (t, z) => season(t) * (1 + 0.05 * z())],
    ['a day without noise', () => season],
    ['a week', () => (t, z) => season(t) * weekend(t) * (1 + 0.05 * z())],
    ['a week without noise', () => (t) => season(t) * weekend(t)],
    [
      'office hours',
      () => (t, z) => (t % DAY > 8 * HOUR && t % DAY < 18 * HOUR ? 90 : 10) * weekend(t) * (1 + 0.05 * z()),
    ],
    ['a job once a day', () => (t, z) => season(t) + 300 * during(t, DAY, 600) + 5 * z()],
    ['the same value', () => () => 7],
    ['nothing', () => () => 0],
  ])('%s', (_, load) => {
    for (const [step, days] of [
      [MINUTE, 6],
      [5 * MINUTE, 25],
      [HOUR, 60],
    ] as const)
      for (const seed of [1, 2, 3]) expect(new Shard(step, seed).feed(days * DAY, load()).used).toEqual([]);
  });
});

describe('the same phase', () => {
  const shape = (i: number) => (i % 45) * 2;
  const shard = new Shard(MINUTE).feed(DAY, (t) => shape(t / MINUTE));
  const { cycle, past } = shard;

  it('is a whole number of cycles earlier, and known', () => {
    for (const ahead of [1, 44, 45, 46, 100])
      for (const nth of [0, 1, 5]) {
        const at = cycle.earlier(past.newest + ahead, past.newest, nth);
        expect((past.newest + ahead - at) % 45).toBe(0);
        expect(at).toBeLessThanOrEqual(past.newest - 45 * nth);
        expect(at).toBeGreaterThan(past.newest - 45 * (nth + 1));
      }
  });

  it('tells what is expected, and how far above it the load is', () => {
    for (const ahead of [1, 30, 45, 80])
      expect(cycle.expected(past.newest + ahead, past.newest)).toBeCloseTo(shape(past.newest + ahead));
    expect(cycle.above(past.newest)).toBeCloseTo(0);
    shard.feed(10 * MINUTE, (t) => 20 + shape(t / MINUTE));
    expect(cycle.above(past.newest)).toBeCloseTo(20);
  });

  it('is looked up in what was known at the time', () => {
    const until = past.newest;
    const told = (ahead: number) => [cycle.expected(until + ahead, until), cycle.above(until)];
    const before = [1, 30, 60].map(told);
    shard.feed(10 * MINUTE, () => 1e6);
    expect([1, 30, 60].map(told)).toEqual(before);
  });

  it('is moved as the day moves', () => {
    const { cycle, past } = new Shard(5 * MINUTE).feed(
      4.3 * DAY,
      (t) => season(t) + 80 * during(t, 35 * MINUTE, 600),
    );
    const target = past.newest + 6;
    const load = season(300 * target) + 80 * during(300 * target, 35 * MINUTE, 600);
    expect(Math.abs(cycle.mean(target, past.newest) - load)).toBeGreaterThan(10);
    expect(Math.abs(cycle.expected(target, past.newest) - load)).toBeLessThan(6);
  });

  it('is nowhere without a cycle', () => {
    const { cycle, past } = new Shard(MINUTE).feed(DAY, (_, z) => 100 + 10 * z());
    expect([cycle.period, cycle.mean(past.newest + 1, past.newest), cycle.above(past.newest)]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect(cycle.told('cycle 1.00')).toBe('cycle 1.00');
  });
});

it('goes on after it was put away', () => {
  const load: Load = (t, z) => season(t) + 60 * during(t, t < DAY ? 2700 : 4200, 600) + 10 * z();
  const shard = new Shard(MINUTE, 7).feed(1.1 * DAY, load);
  const past = handOver(shard.past, new Past(MINUTE));
  const other = handOver(shard.cycle, new Cycle(past, new Seasons(past, 60)));
  for (let i = 0; i < 4300; i++) {
    shard.feed(MINUTE, load);
    past.push(shard.past.at(shard.past.newest, shard.past.newest));
    other.look();
    expect(other.period).toBe(shard.cycle.period);
    expect(other.expected(past.newest + 9, past.newest)).toBe(
      shard.cycle.expected(past.newest + 9, past.newest),
    );
  }
  expect([shard.used[0], other.period]).toEqual([45, 70]);
});

it.each([
  [7.5, 'cycle of 7.5 min 0.6, last value 0.4'],
  [90, 'cycle of 90 min 0.6, last value 0.4'],
  [660, 'cycle of 11 h 0.6, last value 0.4'],
])('says a period of %d minutes', (minutes, said) => {
  const shard = new Shard(minutes < 60 ? 90 : 5 * MINUTE);
  shard.feed(14 * DAY, (t) => season(t) + 90 * during(t, minutes * MINUTE, 0.2 * minutes * MINUTE));
  expect(shard.cycle.told('cycle 0.6, last value 0.4')).toBe(said);
});
