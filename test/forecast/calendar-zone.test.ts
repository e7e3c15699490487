import { describe, expect, it } from 'vitest';
import { fromLocal, isTimeZone, offsetOf } from '../../core/forecast/calendar/zone.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';

const at = (stamp: string) => Date.parse(stamp) / 1000;

describe('local time', () => {
  it.each([
    ['UTC', '2026-07-01T00:00:00Z', 0],
    ['Europe/Berlin', '2026-01-15T12:00:00Z', HOUR],
    ['Europe/Berlin', '2026-07-15T12:00:00Z', 2 * HOUR],
    ['America/New_York', '2026-01-15T12:00:00Z', -5 * HOUR],
    ['America/New_York', '2026-07-15T12:00:00Z', -4 * HOUR],
    ['Australia/Sydney', '2026-01-15T12:00:00Z', 11 * HOUR],
    ['Australia/Sydney', '2026-07-15T12:00:00Z', 10 * HOUR],
    ['Asia/Kolkata', '2026-07-15T12:00:00Z', 5.5 * HOUR],
    ['Asia/Kathmandu', '2026-07-15T12:00:00Z', 5 * HOUR + 45 * MINUTE],
    ['America/St_Johns', '2026-01-15T12:00:00Z', -3.5 * HOUR],
    ['Australia/Lord_Howe', '2026-01-15T12:00:00Z', 11 * HOUR],
    ['Australia/Lord_Howe', '2026-07-15T12:00:00Z', 10.5 * HOUR],
    ['Pacific/Kiritimati', '2026-01-15T12:00:00Z', 14 * HOUR],
  ])('of %s at %s', (zone, stamp, expected) => {
    expect(offsetOf(zone)(at(stamp))).toBe(expected);
  });

  it.each([
    // The first second of the new offset.
    ['Europe/Berlin', '2026-03-29T01:00:00Z', HOUR, 2 * HOUR],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 2 * HOUR, HOUR],
    ['America/New_York', '2026-03-08T07:00:00Z', -5 * HOUR, -4 * HOUR],
    ['Australia/Sydney', '2026-04-04T16:00:00Z', 11 * HOUR, 10 * HOUR],
    ['Australia/Sydney', '2026-10-03T16:00:00Z', 10 * HOUR, 11 * HOUR],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 10.5 * HOUR, 11 * HOUR],
  ])('%s changes its clocks at %s, to the second', (zone, stamp, before, after) => {
    const offset = offsetOf(zone);
    const change = at(stamp);
    expect([-DAY, -1, 0, DAY, -1].map((seconds) => offset(change + seconds))).toEqual([
      before,
      before,
      after,
      after,
      before,
    ]);
  });

  it('agrees with the runtime at every hour of a year, in whatever order it is asked', () => {
    const offset = offsetOf('Europe/Dublin');
    const shown = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Europe/Dublin',
      hour: '2-digit',
      hourCycle: 'h23',
    });
    const start = at('2026-01-01T00:00:00Z');
    for (let i = 0; i < 8760; i++) {
      const time = start + ((i * 3571) % 8760) * HOUR;
      const hour = Math.floor(((time + offset(time)) % DAY) / HOUR);
      expect(hour).toBe(Number(shown.format(time * 1000)));
    }
  });

  it('is turned into UTC: a time that comes twice or never is one of that hour', () => {
    const offset = offsetOf('Europe/Berlin');
    const local = (stamp: string) => fromLocal(at(`${stamp}Z`), offset);
    expect(local('2026-01-05T00:00:00')).toBe(at('2026-01-04T23:00:00Z'));
    expect(local('2026-07-05T00:00:00')).toBe(at('2026-07-04T22:00:00Z'));
    expect(local('2026-03-29T01:59:59')).toBe(at('2026-03-29T00:59:59Z'));
    expect(local('2026-03-29T03:00:00')).toBe(at('2026-03-29T01:00:00Z'));
    // 02:30 is skipped: what clocks show then is 03:30.
    expect(local('2026-03-29T02:30:00')).toBe(at('2026-03-29T01:30:00Z'));
    expect([at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z')]).toContain(local('2026-10-25T02:30:00'));
    expect(local('2026-10-25T03:00:00')).toBe(at('2026-10-25T02:00:00Z'));
  });

  it('is refused for a zone that there is not', () => {
    expect(() => offsetOf('Europe/Berlni')).toThrow(
      'timeZone: expected an IANA time zone such as Europe/Berlin, got "Europe/Berlni"',
    );
    expect([isTimeZone('Europe/Berlin'), isTimeZone('Mars/Base')]).toEqual([true, false]);
  });
});
