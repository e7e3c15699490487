import { describe, expect, it } from 'vitest';
import { Listed, Recurring, type Repeat } from '../../core/forecast/calendar/schedule.ts';
import { offsetOf } from '../../core/forecast/calendar/zone.ts';
import { DAY, HOUR, WEEK } from '../../core/time.ts';
import { T0 } from './series.ts';

const at = (stamp: string) => Date.parse(stamp) / 1000;
const iso = (time: number) => new Date(time * 1000).toISOString().replace('.000', '');

function every(repeat: Repeat, start: string, end: string, zone = 'UTC'): Recurring {
  return new Recurring({ name: 'sale', start: at(start), end: at(end) }, repeat, offsetOf(zone));
}

/** Starts and ends of all occurrences between two times, found minute by minute. */
function walk(schedule: Recurring, from: string, to: string, step = 900): string[] {
  const found = new Set<string>();
  for (let time = at(from); time < at(to); time += step) {
    const occurrence = schedule.at(time);
    if (occurrence === undefined) continue;
    expect(occurrence.start <= time && time < occurrence.end).toBe(true);
    found.add(`${iso(occurrence.start)}/${iso(occurrence.end)}`);
  }
  return [...found];
}

describe('when an event is on', () => {
  it.each([
    ['never', [false, false, true, true, false, false, false, false]],
    ['daily', [false, false, true, true, false, false, true, true]],
    ['weekly', [false, false, true, true, false, false, false, true]],
  ] as const)('%s: from its start up to and without its end, never before the first', (repeat, expected) => {
    const event = new Recurring({ name: 'sale', start: T0, end: T0 + HOUR }, repeat, () => 0);
    const offsets = [-WEEK, -1, 0, HOUR - 1, HOUR, DAY - 1, DAY, 2 * WEEK + 5];
    expect(offsets.map((offset) => event.at(T0 + offset) !== undefined)).toEqual(expected);
    // The same backwards: nothing depends on what was asked before.
    const back = offsets.toReversed().map((offset) => event.at(T0 + offset) !== undefined);
    expect(back.toReversed()).toEqual(expected);
  });

  it('across midnight', () => {
    const night = every('daily', '2026-01-05T23:00:00Z', '2026-01-06T01:00:00Z');
    expect(walk(night, '2026-01-05T00:00:00Z', '2026-01-07T12:00:00Z')).toEqual([
      '2026-01-05T23:00:00Z/2026-01-06T01:00:00Z',
      '2026-01-06T23:00:00Z/2026-01-07T01:00:00Z',
    ]);
  });

  it('daily and weekly: at the same local time when clocks change, north and south', () => {
    const berlin = every('daily', '2026-03-01T19:00:00Z', '2026-03-01T20:00:00Z', 'Europe/Berlin');
    expect(walk(berlin, '2026-03-28T00:00:00Z', '2026-03-30T00:00:00Z')).toEqual([
      '2026-03-28T19:00:00Z/2026-03-28T20:00:00Z',
      '2026-03-29T18:00:00Z/2026-03-29T19:00:00Z',
    ]);
    const sydney = every('weekly', '2026-03-27T23:00:00Z', '2026-03-28T01:00:00Z', 'Australia/Sydney');
    expect(walk(sydney, '2026-03-27T00:00:00Z', '2026-04-12T00:00:00Z')).toEqual([
      '2026-03-27T23:00:00Z/2026-03-28T01:00:00Z',
      '2026-04-03T23:00:00Z/2026-04-04T01:00:00Z',
      '2026-04-11T00:00:00Z/2026-04-11T02:00:00Z',
    ]);
  });

  it('the whole local day when clocks change, which has 23 or 25 hours', () => {
    const days = every('daily', '2026-03-01T23:00:00Z', '2026-03-02T23:00:00Z', 'Europe/Berlin');
    expect(walk(days, '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')).toEqual([
      '2026-03-28T23:00:00Z/2026-03-29T22:00:00Z',
    ]);
    expect(walk(days, '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z')).toEqual([
      '2026-10-24T22:00:00Z/2026-10-25T23:00:00Z',
    ]);
  });

  it('monthly: by date, on the last day of a month that is too short', () => {
    const payday = every('monthly', '2027-12-31T06:00:00Z', '2027-12-31T18:00:00Z');
    expect(
      walk(payday, '2027-12-01T00:00:00Z', '2028-05-01T00:00:00Z', 3600).map((one) => one.slice(0, 10)),
    ).toEqual(['2027-12-31', '2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30']);
  });

  it('yearly: by date in local time, over leap years', () => {
    const eve = every('yearly', '2023-12-31T17:00:00Z', '2024-01-01T02:00:00Z', 'Europe/Berlin');
    expect(
      walk(eve, '2023-01-01T00:00:00Z', '2030-01-02T00:00:00Z', 3600).map((one) => one.slice(0, 16)),
    ).toEqual([2023, 2024, 2025, 2026, 2027, 2028, 2029].map((year) => `${year}-12-31T17:00`));
    const leap = every('yearly', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z');
    expect(
      walk(leap, '2025-02-01T00:00:00Z', '2028-04-01T00:00:00Z', 3600).map((one) => one.slice(0, 10)),
    ).toEqual(['2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']);
  });

  it('asked for no time at all, nothing', () => {
    const event = every('daily', '2026-01-05T00:00:00Z', '2026-01-06T00:00:00Z');
    expect([event.at(Number.NEGATIVE_INFINITY), event.at(T0)?.start]).toEqual([undefined, T0]);
  });
});

describe('days that are listed', () => {
  const listed = new Listed([
    { name: 'long', start: T0, end: T0 + 4 * DAY },
    { name: 'inside', start: T0 + DAY, end: T0 + 2 * DAY },
    { name: 'later', start: T0 + WEEK, end: T0 + WEEK + DAY },
  ]);

  it('are on one by one; of two at a time the one that began last', () => {
    const days = [-1, 0, 0.99, 1, 1.99, 2, 3.99, 4, 6.99, 7, 8];
    const names = days.map((day) => listed.at(T0 + day * DAY)?.name);
    expect(names).toEqual([
      undefined,
      'long',
      'long',
      'inside',
      'inside',
      'long',
      'long',
      undefined,
      undefined,
      'later',
      undefined,
    ]);
    expect(days.toReversed().map((day) => listed.at(T0 + day * DAY)?.name)).toEqual(names.toReversed());
  });
});
