import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { type Indicators, MEDIAN } from '../../core/forecast/forecast.ts';
import { LeadLag } from '../../core/forecast/indicators/lead-lag.ts';
import { BinnedPast } from '../../core/forecast/indicators/past.ts';
import { OTHERS } from '../../core/forecast/indicators/sources.ts';
import { StateReader, StateWriter } from '../../core/forecast/state.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { T0 } from './series.ts';

/** Over its mean: low at midnight, high at noon. */
const shape = (time: number) => 1 - 0.6 * Math.cos((2 * Math.PI * ((time - T0) % DAY)) / DAY);

/** The others' sum, from T0 on. */
const others = (at = (time: number) => 5000 * shape(time)): Indicators => ({
  names: [OTHERS],
  at: (_, time) => (time < T0 ? Number.NaN : at(time)),
});

const leadLagOf = (indicators: Indicators, step = 5 * MINUTE) =>
  new LeadLag({ step, indicators, reach: 2 * DAY });

describe('what is usual in a bin', () => {
  it('is told as it was known then', () => {
    const days = fc.array(
      fc.array(fc.float({ min: 0, max: 100, noNaN: true }), { minLength: 6, maxLength: 6 }),
      {
        minLength: 3,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 12 }), (values, back) => {
        const past = new BinnedPast(1, 6, 12);
        const then = new Map<number, number[]>();
        for (const [i, value] of values.flat().entries()) {
          past.push(value);
          then.set(
            i,
            Array.from({ length: 6 }, (_, ahead) => past.usualAt(i + ahead, i)),
          );
        }
        const until = values.flat().length - 1 - back;
        for (let ahead = 0; ahead < 6; ahead++) {
          const now = past.usualAt(until + ahead, until);
          // Of a bin's first day nothing was usual before it.
          if (until + ahead >= 12 || !Number.isNaN(now)) expect(now).toBeCloseTo(then.get(until)![ahead]!, 3);
        }
      }),
    );
  });
});

describe('the rise of the other shards', () => {
  it.each([
    { step: MINUTE, lead: 3 * HOUR },
    { step: 5 * MINUTE, lead: 6 * HOUR },
    { step: HOUR, lead: DAY },
  ])(
    'is what their day has been, of which a week is asked for: $lead s ahead at steps of $step s',
    ({ step, lead }) => {
      const leadLag = leadLagOf(others(), step);
      const first = T0 + 7 * DAY + 6 * HOUR;
      leadLag.observe(first, 1);
      expect(leadLag.othersRise(first, lead, DAY)).toBeCloseTo(shape(first + lead), 1);
      // The mean of the last three hours alone.
      const lately = [1, 2, 3].reduce((sum, hour) => sum + shape(first - (hour - 0.5) * HOUR), 0) / 3;
      expect(leadLag.othersRise(first, lead, 3 * HOUR) / (shape(first + lead) / lately)).toBeCloseTo(1, 0);
    },
  );

  it('is unknown where nothing is, and on their first day', () => {
    expect(leadLagOf({ names: ['queue'], at: () => 1 }).othersRise(T0, HOUR, DAY)).toBeNaN();
    const leadLag = leadLagOf(others());
    expect(leadLag.othersRise(T0, HOUR, DAY)).toBeNaN();
    for (let time = T0; time < T0 + 20 * HOUR; time += 300) leadLag.observe(time, 1);
    expect(leadLag.othersRise(T0 + 20 * HOUR - 300, HOUR, DAY)).toBeNaN();
  });

  it('knows nothing of what came after the origin', () => {
    const origin = T0 + 5 * DAY + 7 * HOUR;
    const rises = [1, 1000].map((garbled) => {
      const leadLag = leadLagOf(others((time) => 5000 * shape(time) * (time > origin ? garbled : 1)));
      for (let time = T0; time <= origin + 30 * HOUR; time += 300) leadLag.observe(time, 1);
      return [HOUR, 12 * HOUR, DAY].map((lead) => leadLag.othersRise(origin, lead, DAY));
    });
    expect(rises[0]!.every(Number.isFinite)).toBe(true);
    for (const [i, rise] of rises[1]!.entries()) expect(rise / rises[0]![i]!).toBeCloseTo(1, 3);
  });

  it('is of the right time of day after days without a load, and after a state was put away', () => {
    const leadLag = leadLagOf(others());
    for (let time = T0; time < T0 + 4 * DAY; time += 300) leadLag.observe(time, 1);
    const then = T0 + 11 * DAY + 5 * HOUR;
    leadLag.observe(then, 1);
    expect(leadLag.othersRise(then, 4 * HOUR, DAY)).toBeCloseTo(shape(then + 4 * HOUR), 1);
    const out = new StateWriter();
    leadLag.save(out);
    const again = leadLagOf(others());
    again.load(new StateReader(out.bytes()));
    expect(again.othersRise(then, 4 * HOUR, DAY)).toBe(leadLag.othersRise(then, 4 * HOUR, DAY));
  });
});

describe('a new shard among others', () => {
  const leads = [HOUR, 6 * HOUR, DAY];
  const step = 5 * MINUTE;
  const newShard = (indicators?: Indicators) =>
    new Analyser({ shard: 's', leads, step, ...(indicators && { indicators }) });
  const load = (time: number) => 80 * shape(time);
  const feed = (one: Analyser, from: number, to: number) => {
    for (let time = from; time <= to; time += step) one.observe({ time, load: load(time) });
  };
  /** Of its first day: the mean absolute error of the median, over the mean load. */
  const errors = (one: Analyser, lead: number) => {
    const first = T0 + 8 * DAY;
    let [sum, count] = [0, 0];
    for (let now = first; now < first + DAY; now += step) {
      one.observe({ time: now, load: load(now) });
      if (now < first + 2 * HOUR) continue;
      sum += Math.abs(one.forecast(now, [lead]).horizons[0]!.quantiles[MEDIAN]! - load(now + lead));
      count += 1;
    }
    return sum / count / 80;
  };

  it.each([6 * HOUR, DAY])('has their day before its own is over: %d s ahead', (lead) => {
    const [with_, without] = [errors(newShard(others()), lead), errors(newShard(), lead)];
    expect(with_).toBeLessThan(0.5 * without);
  });

  it('says so, and knows better than others once it has a week', () => {
    const one = newShard(others());
    feed(one, T0 + 8 * DAY, T0 + 8 * DAY + 8 * HOUR);
    expect(one.forecast(T0 + 8 * DAY + 8 * HOUR, [6 * HOUR]).horizons[0]!.quantiles[MEDIAN]).toBeGreaterThan(
      60,
    );
    feed(one, T0 + 8 * DAY + 8 * HOUR + step, T0 + 16 * DAY);
    const wrong = newShard(others((time) => 5000 * shape(time + DAY / 2)));
    feed(wrong, T0 + 8 * DAY, T0 + 16 * DAY);
    const at = T0 + 16 * DAY;
    leads.forEach((_, i) => {
      const [a, b] = [one, wrong].map((each) => each.forecast(at, leads).horizons[i]!.quantiles[MEDIAN]!);
      expect(b! / a!).toBeCloseTo(1, 1);
    });
  });

  it('follows them before its first point, and goes on exactly after that was put away', () => {
    const told = {
      ...others(),
      at: (_: number, time: number) => (time > until ? Number.NaN : 5000 * shape(time)),
    };
    let until = T0;
    const one = newShard(told);
    expect([one.followedUntil, one.knownUntil]).toEqual([undefined, undefined]);
    // As on AWS, what is older than a day cannot be asked for any more.
    const lately = newShard({
      ...told,
      at: (i, time) => (time <= until - DAY ? Number.NaN : told.at(i, time)),
    });
    for (until = T0; until < T0 + 3 * DAY; until += HOUR)
      for (const each of [one, lately]) each.follow(until);
    until -= HOUR;
    expect([lately.followedUntil, lately.knownUntil]).toEqual([until, undefined]);
    const again = newShard(told);
    again.restore(lately.state());
    expect(again.followedUntil).toBe(until);
    until += 3 * HOUR;
    for (const each of [one, lately, again]) feed(each, until - 3 * HOUR + step, until);
    const [a, b, c] = [one, lately, again].map((each) => JSON.stringify(each.forecast(until, leads)));
    expect(b).toBe(a);
    expect(c).toBe(a);
    const plain = newShard();
    feed(plain, until - 3 * HOUR + step, until);
    const off = (each: Analyser) =>
      Math.abs(each.forecast(until, [6 * HOUR]).horizons[0]!.quantiles[MEDIAN]! - load(until + 6 * HOUR));
    expect(off(again)).toBeLessThan(0.5 * off(plain));
  });

  it('loses nothing where its history is found later, and begins before what it followed', () => {
    const [found, plain] = [newShard(others()), newShard(others())];
    found.follow(T0 + 10 * DAY);
    for (const each of [found, plain]) feed(each, T0 + 2 * DAY, T0 + 10 * DAY);
    expect(found.state()).toEqual(plain.state());
    found.follow(T0 + 12 * DAY);
    expect(found.followedUntil).toBe(T0 + 10 * DAY);
  });
});
