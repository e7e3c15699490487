import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Leads } from '../../core/capacity/horizons.ts';
import { Switching } from '../../core/capacity/switching.ts';
import type { ShardView } from '../../core/capacity/view.ts';
import { LEADS, sure, ticks, unsure, view } from './numeric-views.ts';

/** A shard whose one slice is worth `gains[h]` in tick h, for certain. */
function worthIn(gains: readonly number[]): ShardView {
  return view(
    gains.map((gain) => sure(gain / 100)),
    { worth: 100, floor: 0 },
  );
}

const pattern = (text: string) => worthIn([...text].map((digit) => Number(digit)));
const releases = (text: string, leads = LEADS) => new Switching(leads, 11).releaseSaves(pattern(text), 1);
const activates = (text: string, leads = LEADS) => new Switching(leads, 11).activateGains(pattern(text), 0);

describe('giving a slice back, by hand', () => {
  it('keeps it through a dip of one tick', () => {
    // Kept: 1 for the dip, then 10 × (1 − 2) = −9. Given back: 1 to drain, 1 for one that is started in its place: −8.
    // What it is worth to others in between: 0.5.
    expect(releases('022222222222')).toBeCloseTo(-9 - -8 + 0.5);
  });

  it('gives it back for a longer one', () => {
    // Kept: 3 − 8. Given back: 2 − 8, and 0.5 for others.
    expect(releases('000222222222')).toBeCloseTo(-5 - -6 + 0.5);
  });

  it('gives it back for good when nothing comes', () => {
    // Kept now, released in the next tick: 1 + 1; given back now: 1, and 0.5 for others.
    expect(releases('000000000000')).toBeCloseTo(2 - 1 + 0.5);
  });

  it('bridges the longer, the dearer it is to come back', () => {
    const slow: Leads = { ...LEADS, start: 4, drain: 3 };
    const bridged = (leads: Leads) =>
      [1, 2, 3, 4, 5, 6, 7, 8].filter((dip) => releases('0'.repeat(dip).padEnd(12, '9'), leads) <= 0).length;
    expect(bridged(LEADS)).toBe(1);
    // 7 for draining and starting, less 0.5 for others: a dip of six is bridged.
    expect(bridged(slow)).toBe(6);
  });

  it('keeps a slice that pays now, whatever comes', () => {
    expect(releases('300000000000')).toBe(-3);
  });
});

describe('taking a slice, by hand', () => {
  it('does not for a single tick that is worth what it costs', () => {
    // 1 now; then 1 to drain, and 0.5 that it is worth ready.
    expect(activates('100000000000')).toBeCloseTo(-0.5);
  });

  it('does for one that is worth twice that, and for two of them', () => {
    expect(activates('200000000000')).toBeCloseTo(0.5);
    expect(activates('220000000000')).toBeCloseTo(1.5);
  });

  it('does not for what is worth nothing now: a ready slice can wait', () => {
    expect(activates('099999999999')).toBe(0);
  });

  it('looks at the tick in which it would serve', () => {
    const later: Leads = { ...LEADS, activate: 3, start: 4 };
    expect(activates('999000000000', later)).toBe(0);
    expect(activates('000999999999', later)).toBeGreaterThan(0);
  });
});

/** Cheapest cost from tick 1 by trying every on/off path, beginning `on` or off. */
function tried(gains: readonly number[], leads: Leads, beginOn: boolean): number {
  const last = gains.length - 1;
  let best = Number.POSITIVE_INFINITY;
  const walk = (tick: number, on: boolean, cost: number): void => {
    if (tick === last) {
      best = Math.min(best, cost);
      return;
    }
    if (on) {
      walk(tick + 1, true, cost + 1 - gains[tick]!);
      walk(tick + 1, false, cost + leads.drain);
    } else {
      walk(tick + 1, false, cost);
      if (tick + leads.activate <= last) walk(tick + leads.activate, true, cost + leads.start);
    }
  };
  walk(1, beginOn, 0);
  return best;
}

describe('the cheapest path', () => {
  it('is found for any gains that are known', () => {
    const gains = fc.array(fc.double({ min: 0, max: 6, noNaN: true }), { minLength: 12, maxLength: 12 });
    const leads = fc.record({
      activate: fc.integer({ min: 0, max: 2 }),
      start: fc.integer({ min: 1, max: 5 }),
      cold: fc.constant(6),
      drain: fc.integer({ min: 1, max: 4 }),
      ticks: fc.constant(11),
    });
    fc.assert(
      fc.property(gains, leads, (values, lead) => {
        const [on, off] = [tried(values, lead, true), tried(values, lead, false)];
        const switching = new Switching(lead, 11);
        const shard = worthIn(values);
        if (values[0]! < 1.5) {
          expect(switching.releaseSaves(shard, 1)).toBeCloseTo(
            1 - values[0]! + on - (lead.drain + off) + 0.5,
            8,
          );
        } else {
          // Shown to be right as well: nothing ahead can make up for what it is worth now.
          expect(1 - values[0]! + on - (lead.drain + off) + 0.5).toBeLessThanOrEqual(1e-9);
          expect(switching.releaseSaves(shard, 1)).toBeLessThan(0);
        }
        if (lead.activate === 0 && values[0]! >= 0.02) {
          expect(switching.activateGains(shard, 0)).toBeCloseTo(values[0]! + off - on - 0.5, 8);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('never gives back what it would take at once', () => {
    const gains = fc.array(fc.double({ min: 0, max: 6, noNaN: true }), { minLength: 12, maxLength: 12 });
    const lead = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(gains, lead, lead, (values, start, drain) => {
        const switching = new Switching({ ...LEADS, start, drain }, 11);
        const shard = worthIn(values);
        if (switching.releaseSaves(shard, 1) > 0)
          expect(switching.activateGains(shard, 0)).toBeLessThanOrEqual(0);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
});

describe('a load that is uncertain', () => {
  it('is weighed by three courses, each with what stays uncertain: the cheapest path of each, and their mean', () => {
    const scale = fc.double({ min: 0.01, max: 1, noNaN: true });
    const levels = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(levels, scale, fc.integer({ min: 1, max: 3 }), (medians, size, start) => {
        const leads: Leads = { ...LEADS, start };
        // Far from zero, so that the logistic is nowhere cut.
        const one = view(
          medians.map((median, h) => unsure(100 + median, size * Math.sqrt(1 + h))),
          { worth: 2 },
        );
        const have = 101;
        const cost = (on: boolean) =>
          [
            { logit: Math.log(0.1 / 0.9), weight: 0.3 },
            { logit: 0, weight: 0.4 },
            { logit: Math.log(0.9 / 0.1), weight: 0.3 },
          ].reduce((sum, { logit, weight }) => {
            const gains = medians.map((median, h) => {
              const learnt = Math.sqrt(Math.max(0.05, h / (1 + h)));
              const there = unsure(100 + median + learnt * size * Math.sqrt(1 + h) * logit, size);
              return 2 * there.between(have, have + 1);
            });
            return sum + weight * tried(gains, leads, on);
          }, 0);
        const now = 2 * one.ahead.ticks[0]!.between(have, have + 1);
        fc.pre(now >= 0.02 && now < 1.5);
        const switching = new Switching(leads, 11);
        expect(switching.activateGains(one, have)).toBeCloseTo(now + cost(false) - cost(true) - 0.5, 6);
        expect(switching.releaseSaves(one, have + 1)).toBeCloseTo(
          1 - now + cost(true) - (leads.drain + cost(false)) + 0.5,
          6,
        );
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('keeps a slice that the load may still call for, where one that is known not to is given back', () => {
    // Worth a little less than its cost if all goes as expected. The plan gives back what saves more than 0.25.
    const level = 0.45;
    const saves = (ahead: (h: number) => ReturnType<typeof unsure>) =>
      new Switching(LEADS, 11).releaseSaves(view(ticks(ahead), { worth: 2, floor: 0 }), 1);
    expect(saves(() => sure(level))).toBeGreaterThan(0.25);
    expect(saves((h) => (h === 0 ? sure(level) : unsure(level, 0.3)))).toBeLessThan(0.25);
  });
});

describe('a load that comes and goes every other tick', () => {
  const every = (other: number, phase: number) =>
    worthIn(Array.from({ length: 12 }, (_, h) => ((h + phase) % 2) * other));

  it.each([2.5, 3, 6])('moves nothing when it is worth %d: the slice stays', (worth) => {
    for (const phase of [0, 1])
      expect(new Switching(LEADS, 11).releaseSaves(every(worth, phase), 1)).toBeLessThanOrEqual(0);
  });

  it.each([0.5, 1, 1.4])('moves nothing when it is worth %d: none is taken', (worth) => {
    for (const phase of [0, 1])
      expect(new Switching(LEADS, 11).activateGains(every(worth, phase), 0)).toBeLessThanOrEqual(0);
  });
});
