import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packFloats, packInts, packJson } from '../../backtest/report/codec.ts';
import { unpackFloats, unpackInts, unpackJson } from '../../backtest/report/page/decode.js';

describe('packFloats', () => {
  it('keeps every value to 1/4096 of itself, and what is missing missing', async () => {
    const value = fc.oneof(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.constant(Number.NaN));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 50 }), async (values) => {
        const back = await unpackFloats(packFloats(values));
        expect(back.length).toBe(values.length);
        values.forEach((given, i) => {
          if (Number.isNaN(given)) expect(back[i]).toBeNaN();
          else expect(Math.abs(back[i]! - given)).toBeLessThanOrEqual(Math.abs(given) / 4096 + 1e-37);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('keeps whole numbers to 4,096 exactly: they are counts of instances', async () => {
    const counts = Array.from({ length: 4097 }, (_, i) => i);
    expect([...(await unpackFloats(packFloats(counts)))]).toEqual(counts);
  });
});

describe('packInts', () => {
  it('is exact over all 32 bits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), async (values) => {
        expect([...(await unpackInts(packInts(values)))]).toEqual(values);
      }),
      { numRuns: 50 },
    );
  });

  it.each([0.5, 2 ** 31, Number.NaN])('refuses %d, naming the place', (value) => {
    expect(() => packInts([1, value])).toThrow(`value 1: must be a whole number of 32 bits, got ${value}`);
  });
});

it('packJson comes back the same', async () => {
  const value = { words: ['ready pool → search', '</script>', ''] };
  expect(await unpackJson(packJson(value))).toEqual(value);
});
