import { describe, expect, it } from 'vitest';
import {
  type CalendarEvent,
  isOn,
  type Occasion,
  occasionsOf,
  withCalendar,
} from '../../core/forecast/calendar.ts';
import { LEVELS, MEDIAN } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, WEEK } from '../../core/time.ts';
import { T0 } from './series.ts';

const parse = (stamp: string) => new Date(stamp).getTime() / 1000;

function occasion(change: Partial<Occasion> = {}): Occasion {
  return { name: 'sale', start: T0, end: T0 + HOUR, every: 0, factor: 3, atLeast: 0, ...change };
}

const usual = Array.from(LEVELS, (_, i) => 10 * i);
const before = T0 - 60;
const during = T0 + 60;
const after = T0 + 2 * HOUR;

function times(occasions: Occasion[], known: number, target: number): number {
  const got = withCalendar(usual, occasions, known, target);
  const factor = got[MEDIAN]! / usual[MEDIAN]!;
  for (let i = 0; i < got.length; i++) expect(got[i]).toBeCloseTo(factor * usual[i]!);
  return factor;
}

describe('when an event is on', () => {
  it('once: from its start, up to and without its end', () => {
    const once = occasion();
    const on = [T0 - 1, T0, T0 + HOUR - 1, T0 + HOUR, T0 + DAY, T0 + WEEK].map((at) => isOn(once, at));
    expect(on).toEqual([false, true, true, false, false, false]);
  });

  it.each([
    ['daily', DAY],
    ['weekly', WEEK],
    ['yearly', 365 * DAY],
  ])('%s: again after each period, never before the first', (repeat, period) => {
    const [event] = occasionsOf('s', [eventOf({ repeat: repeat as CalendarEvent['repeat'] })], parse);
    const offsets = [-period, -1, 0, HOUR - 1, HOUR, period - 1, period, period + HOUR, 7 * period + 5];
    const on = offsets.map((offset) => isOn(event!, T0 + offset));
    expect(on).toEqual([false, false, true, true, false, false, true, false, true]);
  });

  it('across midnight', () => {
    const night = occasion({ start: T0 + 23 * HOUR, end: T0 + 25 * HOUR, every: DAY });
    expect([24, 25, 47, 48.5, 49].map((h) => isOn(night, T0 + h * HOUR))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('events of a shard', () => {
  it('are those that name it or nobody', () => {
    const events = [
      eventOf({ name: 'all' }),
      eventOf({ name: 'mine', shards: ['s'] }),
      eventOf({ name: 'other', shards: ['t'] }),
    ];
    expect(occasionsOf('s', events, parse).map(({ name }) => name)).toEqual(['all', 'mine']);
  });

  it('have numbers for stamps, and no effect where none is given', () => {
    const event = eventOf({ start: '2026-01-05T01:00:00+01:00', factor: undefined, load: undefined });
    expect(occasionsOf('s', [event], parse)).toEqual([occasion({ factor: 1, atLeast: 0 })]);
  });
});

describe('a forecast with events', () => {
  it('is multiplied when one begins between the newest point and the target', () => {
    expect(times([occasion()], before, during)).toBe(3);
  });

  it('is left alone when it is on at both, or at neither, or over in between', () => {
    expect(times([occasion()], T0, during)).toBe(1);
    expect(times([occasion()], before - 60, before)).toBe(1);
    expect(times([occasion()], before, after)).toBe(1);
    expect(withCalendar(usual, [occasion()], before, after)).toBe(usual);
  });

  it('is divided again when one ends', () => {
    expect(times([occasion()], during, after)).toBeCloseTo(1 / 3);
  });

  it('has the product of those that overlap', () => {
    expect(times([occasion(), occasion({ factor: 2 })], before, during)).toBe(6);
    expect(times([occasion({ end: T0 + 30 }), occasion({ factor: 2 })], T0, during)).toBeCloseTo(1 / 3);
  });

  it('is nothing while a closing (factor 0) is on, and is not divided by it afterwards', () => {
    const closing = occasion({ factor: 0 });
    expect([...withCalendar(usual, [closing], before, during)]).toEqual(LEVELS.map(() => 0));
    expect(times([closing], during, after)).toBe(1);
  });

  it('has at least the expected load from the median up', () => {
    const launch = occasion({ factor: 1, atLeast: 65 });
    const lifted = withCalendar(usual, [launch], before, during);
    expect([...lifted]).toEqual(LEVELS.map((_, i) => (i < MEDIAN ? 10 * i : Math.max(65, 10 * i))));
    // On already: what is expected holds all the same.
    expect([...withCalendar(usual, [launch], T0, during)]).toEqual([...lifted]);
    expect(withCalendar(usual, [launch], during, after)).toBe(usual);
  });

  it('takes the largest of several expected loads, after the factor', () => {
    const both = [occasion({ atLeast: 100 }), occasion({ factor: 1, atLeast: 200 })];
    expect(withCalendar(usual, both, before, during)[MEDIAN]).toBe(200);
    expect(withCalendar(usual, both, before, during).at(-1)).toBe(330);
  });
});

function eventOf(change: Partial<CalendarEvent>): CalendarEvent {
  return {
    name: 'sale',
    start: '2026-01-05T00:00:00Z',
    end: '2026-01-05T01:00:00Z',
    factor: 3,
    repeat: 'never',
    ...change,
  } as CalendarEvent;
}
