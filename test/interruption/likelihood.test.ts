import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdvisorClass, type Evidence, likelihoodOf } from '../../core/interruption/likelihood.ts';
import {
  countsAt,
  NO_HISTORY,
  noteInterruptionOf,
  type PoolHistory,
} from '../../core/interruption/pool-history.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';

const NOW = 1_700_000_000;
const historyOf = (...ago: readonly number[]): PoolHistory =>
  [...ago].sort((a, b) => b - a).reduce((history, one) => noteInterruptionOf(history, NOW - one), NO_HISTORY);
const anyHistory = fc
  .array(fc.integer({ min: 0, max: 4 * DAY }), { maxLength: 8 })
  .map((ago) => historyOf(...ago));
const anyEvidence = fc.record({
  now: fc.constant(NOW),
  since: fc.integer({ min: NOW - 10 * DAY, max: NOW }),
  advisorClass: fc.integer({ min: 0, max: 4 }) as fc.Arbitrary<AdvisorClass>,
  pool: anyHistory,
  neighbours: fc.array(anyHistory, { maxLength: 3 }),
}) as fc.Arbitrary<Evidence>;

describe('likelihoodOf', () => {
  it('is a probability, within the hour at least that of the quarter', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const { within15, within60 } = likelihoodOf(evidence);
        expect(within15).toBeGreaterThan(0);
        expect(within60).toBeGreaterThanOrEqual(within15);
        expect(within60).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('never falls with one more piece of evidence', () => {
    fc.assert(
      fc.property(anyEvidence, fc.integer({ min: 0, max: DAY }), (evidence, ago) => {
        const before = likelihoodOf(evidence);
        const more: Evidence[] = [
          { ...evidence, pool: noteInterruptionOf(evidence.pool ?? NO_HISTORY, NOW) },
          { ...evidence, neighbours: [...(evidence.neighbours ?? []), historyOf(ago)] },
          { ...evidence, rebalanceAt: NOW - ago },
          { ...evidence, advisorClass: Math.min(4, evidence.advisorClass! + 1) as AdvisorClass },
        ];
        for (const each of more) {
          const { within15, within60 } = likelihoodOf(each);
          expect(within15).toBeGreaterThanOrEqual(before.within15 - 1e-12);
          expect(within60).toBeGreaterThanOrEqual(before.within60 - 1e-12);
        }
      }),
    );
  });

  it('tells a quiet pool from a stormy one, and a young instance from an old one', () => {
    const of = (pool: PoolHistory, age: number) =>
      likelihoodOf({ now: NOW, since: NOW - age, pool, advisorClass: 4 }).within60;
    expect(of(historyOf(HOUR, 3 * HOUR, 5 * HOUR, 8 * HOUR), 30 * MINUTE)).toBeGreaterThan(
      1.3 * of(NO_HISTORY, 30 * MINUTE),
    );
    expect(of(NO_HISTORY, 5 * MINUTE)).toBeGreaterThan(3 * of(NO_HISTORY, 6 * HOUR));
  });

  it('believes a recommendation for an hour, less and less', () => {
    const at = (ago: number) => likelihoodOf({ now: NOW, since: NOW - DAY, rebalanceAt: NOW - ago });
    expect(at(0).within15).toBeGreaterThan(0.5);
    expect(at(30 * MINUTE).within15).toBeGreaterThan(0.25);
    expect(at(30 * MINUTE).within15).toBeLessThan(0.3);
    expect(at(HOUR)).toEqual({ ...likelihoodOf({ now: NOW, since: NOW - DAY }) });
  });
});

describe('PoolHistory', () => {
  it('fades by half each half-life, and counts what goes together once', () => {
    const one = noteInterruptionOf(NO_HISTORY, NOW);
    expect(countsAt(one, NOW + HOUR)).toEqual([0.5, 2 ** (-1 / 24)]);
    expect(noteInterruptionOf(one, NOW + 2 * MINUTE)).toBe(one);
    expect(countsAt(noteInterruptionOf(one, NOW + HOUR), NOW + HOUR)[0]).toBe(1.5);
    // Late news of an earlier one.
    expect(noteInterruptionOf(one, NOW - HOUR)).toBe(one);
  });
});
