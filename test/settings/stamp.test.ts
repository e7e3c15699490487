import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStamp, parseStamp } from '../../core/settings/stamp.ts';

const at = (text: string) => Date.parse(text) / 1000;

describe('stamps', () => {
  it('are read like the platform reads them', () => {
    for (const text of [
      '2024-02-29T23:59:59Z',
      '1969-12-31T23:59:59Z',
      '2026-03-29T02:30:00+02:00',
      '2026-01-01T00:00-05:30',
    ]) {
      expect(parseStamp(text), text).toBe(at(text));
    }
  });

  it('are UTC without an offset, with a blank, without seconds, as a date alone', () => {
    expect(parseStamp('2026-01-05 06:15')).toBe(at('2026-01-05T06:15:00Z'));
    expect(parseStamp('2026-01-05')).toBe(at('2026-01-05T00:00:00Z'));
    expect(parseStamp('2026-01-05T06:15:00+0100')).toBe(at('2026-01-05T05:15:00Z'));
  });

  it('are refused when there is no such time', () => {
    for (const text of [
      '',
      '2025-02-29',
      '2026-13-01',
      '2026-01-32',
      '2026-01-05T24:00:00Z',
      '2026-01-05T10:60Z',
      '05/01/2026',
      '1700000000',
      '2026-01-05T10:00:00+24:00',
    ]) {
      expect(parseStamp(text), text).toBeUndefined();
    }
  });

  it('come back from their text', () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000, max: 60_000_000_000 }), (time) => {
        expect(parseStamp(formatStamp(time))).toBe(time);
        expect(formatStamp(time)).toBe(new Date(time * 1000).toISOString().replace('.000', ''));
      }),
    );
  });
});
