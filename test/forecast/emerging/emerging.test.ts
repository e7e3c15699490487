import { describe, expect, it } from 'vitest';
import { Emerging } from '../../../core/forecast/emerging/emerging.ts';
import { ForecasterStateError } from '../../../core/forecast/state.ts';
import { DAY, HOUR } from '../../../core/time.ts';

const OPTIONS = { of: 'shop', share: 0.2, least: 0, confidence: 0.7 };
/** A Monday. */
const T0 = 1_767_571_200;
/** Load of everything else: a day with a peak, 100 requests/s on average. */
const rest = (hour: number) => 100 + 40 * Math.sin((2 * Math.PI * (hour - 9)) / 24);

type Loads = (hour: number) => Readonly<Record<string, number>>;

/** Feeds hours `from` to before `to`, and says after which ones `key` is proposed. */
function feed(emerging: Emerging, loads: Loads, from: number, to: number, key = '/gift'): number[] {
  const proposed: number[] = [];
  for (let hour = from; hour < to; hour++) {
    const counts = Object.entries(loads(hour)).map(([name, load]) => [name, load * HOUR] as const);
    const total = counts.reduce((sum, [, count]) => sum + count, rest(hour) * HOUR);
    const start = T0 + hour * HOUR;
    emerging.observe({ from: start, to: start + HOUR, total, counts });
    if (emerging.proposals().some((one) => one.key === key)) proposed.push(hour);
  }
  return proposed;
}

/** First hour from which on the mean of six hours is a fifth of the whole of the day before. */
function crossing(load: (hour: number) => number, from: number, to: number): number {
  for (let hour = from; hour < to; hour++) {
    const mean = Array.from({ length: 6 }, (_, i) => load(hour + i)).reduce((a, b) => a + b) / 6;
    const all = Array.from({ length: 24 }, (_, i) => rest(hour - 24 + i) + load(hour - 24 + i));
    if (mean >= (0.2 * all.reduce((a, b) => a + b)) / 24) return hour;
  }
  throw new RangeError('never');
}

describe('a key inside a shard', () => {
  it('that grows day by day is proposed hours before it deserves a shard', () => {
    const gift = (hour: number) => 2 * 1.4 ** (hour / 24);
    const emerging = new Emerging(OPTIONS);
    const when = crossing(gift, 48, 400);
    const [first] = feed(emerging, (hour) => ({ '/gift': gift(hour), '/old': 12 }), 0, when + 1);
    expect(when - first!).toBeGreaterThanOrEqual(6);
    expect(when - first!).toBeLessThanOrEqual(48);
    expect(emerging.proposals()).toHaveLength(1);
    const [one] = emerging.proposals();
    expect(one).toMatchObject({ key: '/gift', of: 'shop', since: T0 + (first! + 1) * HOUR });
    expect(one!.expected.q50).toBeGreaterThanOrEqual(gift(when) * 0.9);
    expect(one!.expected.q50).toBeLessThan(one!.expected.q90);
    expect(one!.expected.q90).toBeLessThan(gift(when) * 3);
    expect(one!.readyBy).toBeGreaterThanOrEqual(T0 + (when + 1) * HOUR);
    expect(one!.readyBy).toBeLessThanOrEqual(T0 + (when + 7) * HOUR);
  });

  it.each([
    ['a spike of minutes', (hour: number) => (hour === 80 ? 400 : 1)],
    ['many that never come to anything', (hour: number) => 10 + (hour % 5)],
  ])('that has %s is not proposed', (_, gift) => {
    expect(feed(new Emerging(OPTIONS), (hour) => ({ '/gift': gift(hour) }), 0, 200)).toEqual([]);
  });

  it('is not proposed on the first day: nobody knows yet what it is a share of', () => {
    const hours = feed(new Emerging(OPTIONS), () => ({ '/gift': 90 }), 0, 48);
    expect(hours[0]).toBe(23);
  });

  it('that is large in share and less than a slice is worth is left where it is', () => {
    const loads = () => ({ '/gift': 60 });
    expect(feed(new Emerging({ ...OPTIONS, least: 90 }), loads, 0, 100)).toEqual([]);
    expect(feed(new Emerging({ ...OPTIONS, least: 40 }), loads, 0, 100)).not.toEqual([]);
  });

  it('that dies withdraws its proposal after a day, not after a night', () => {
    const gift = (hour: number) => (hour < 100 ? 60 : hour < 108 ? 0 : hour < 150 ? 60 : 0);
    const emerging = new Emerging(OPTIONS);
    const hours = feed(emerging, (hour) => ({ '/gift': gift(hour) }), 0, 240);
    const last = hours.at(-1)!;
    expect(hours).toEqual(Array.from({ length: last - 22 }, (_, i) => i + 23));
    expect(last).toBeGreaterThan(150 + 20);
    expect(last).toBeLessThan(150 + 60);
  });

  it('that was large on the same days of last year is proposed half a day before', () => {
    const gift = (hour: number) => {
      const day = Math.floor(hour / 24) % 364;
      return day >= 40 && day < 47 ? 60 : 0;
    };
    const emerging = new Emerging(OPTIONS);
    const loads = (hour: number) => ({ '/gift': gift(hour) });
    const first = feed(emerging, loads, 0, 100 * 24);
    expect(first[0]).toBe(40 * 24 + 1);
    const back = 364 * 24 + 40 * 24;
    const again = feed(emerging, loads, 100 * 24, back);
    expect(again[0]).toBe(back - 13);
    expect(emerging.proposals()).toMatchObject([
      { key: '/gift', kind: 'returning', readyBy: T0 + back * HOUR },
    ]);
    const [one] = emerging.proposals();
    expect(one!.expected.q50).toBeGreaterThan(one!.threshold);
  });
});

describe('what is known of keys', () => {
  it('is carried on from bytes as if nothing had been in between', () => {
    const loads = (hour: number) => ({ '/gift': 2 * 1.4 ** (hour / 24), '/old': 15 + (hour % 7) });
    const whole = new Emerging(OPTIONS);
    feed(whole, loads, 0, 250);
    let parts = new Emerging(OPTIONS);
    for (let hour = 0; hour < 250; hour += 10) {
      feed(parts, loads, hour, hour + 10);
      const next = new Emerging(OPTIONS);
      next.restore(parts.state());
      parts = next;
    }
    expect(parts.proposals()).toEqual(whole.proposals());
    expect(parts.state()).toEqual(whole.state());
    expect(whole.proposals()).not.toEqual([]);
  });

  it('stays small however many keys there are, and large ones are not lost among them', () => {
    const emerging = new Emerging({ ...OPTIONS, share: 0.05 });
    const loads = (hour: number) => ({
      '/gift': hour < 30 ? 0 : 40,
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`/k/${(hour * 997 + i) % 7919}`, 0.3])),
    });
    expect(feed(emerging, loads, 0, 60)).not.toEqual([]);
    expect(emerging.state().length).toBeLessThan(40 * 1024);
  });

  it('bears hours of which nothing is known', () => {
    const emerging = new Emerging(OPTIONS);
    const loads = () => ({ '/gift': 60 });
    feed(emerging, loads, 0, 40);
    expect(feed(emerging, loads, 45, 70)).toContain(69);
    expect(feed(emerging, loads, 45 + 24 * 30, 45 + 24 * 31)).toHaveLength(24);
  });

  it('takes spans of minutes, whether or not they fill the hour', () => {
    const emerging = new Emerging(OPTIONS);
    for (let at = T0; at < T0 + 3 * DAY; at += 300) {
      if ((at / 300) % 3 === 0) continue;
      emerging.observe({ from: at, to: at + 300, total: 100 * 300, counts: [['/gift', 40 * 300]] });
    }
    expect(emerging.proposals()).toMatchObject([{ key: '/gift', load: expect.closeTo(40, 1) }]);
  });

  it('says what it does not take', () => {
    const emerging = new Emerging(OPTIONS);
    const span = { from: T0, to: T0 + 300, total: 1, counts: [] };
    emerging.observe(span);
    expect(() => emerging.observe(span)).toThrow(
      `begin of keys of shop: expected ${T0 + 300} or later, got ${T0}`,
    );
    const next = { ...span, from: T0 + 300, to: T0 + 600 };
    expect(() => emerging.observe({ ...next, to: T0 + 3900 })).toThrow('end of keys of shop: expected after');
    expect(() => emerging.observe({ ...next, counts: [['/a', -1]] })).toThrow('count of /a of keys of shop');
    expect(() => emerging.observe({ ...next, total: Number.NaN })).toThrow('count of all of keys of shop');
    expect(emerging.knownUntil).toBe(T0 + 300);
    const state = emerging.state();
    expect(() => new Emerging(OPTIONS).restore(state.subarray(0, 200))).toThrow(ForecasterStateError);
    state[6] = 1;
    expect(() => new Emerging(OPTIONS).restore(state)).toThrow('expected version 1');
  });
});
