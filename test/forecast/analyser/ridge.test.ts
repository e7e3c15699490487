import { describe, expect, it } from 'vitest';
import { normals } from '../../../backtest/model/fill.ts';
import { FEATURES } from '../../../core/forecast/analyser/features.ts';
import { Ridge } from '../../../core/forecast/analyser/ridge.ts';
import { handOver, series } from './scene.ts';

type Case = (i: number) => { readonly seen: readonly number[]; readonly change: number };

/** Features of which the first are random; the others are 0. */
function randoms(count: number, seed = 1): () => number[] {
  const normal = normals(seed);
  return () => series(FEATURES, (i) => (i < count ? normal() : 0));
}

function learned(cases: Case, times: number, { ridge = new Ridge(), unit = 1 } = {}): Ridge {
  for (let i = 0; i < times; i++) {
    const { seen, change } = cases(i);
    ridge.learn(
      seen.map((one) => unit * one),
      unit * change,
      unit,
    );
  }
  return ridge;
}

const unitVector = (at: number, value = 1) => series(FEATURES, (i) => (i === at ? value : 0));

/** Twice the first less the second. */
function plain(seed = 1): Case {
  const next = randoms(4, seed);
  return () => {
    const seen = next();
    return { seen, change: 2 * seen[0]! - seen[1]! };
  };
}

describe('the linear model', () => {
  it('is not ready before it has seen enough', () => {
    expect(learned(plain(), 10).ready).toBe(false);
    expect(learned(plain(), 60).ready).toBe(true);
  });

  it('expects nothing before it has learned', () => {
    expect(new Ridge().change(unitVector(0))).toBe(0);
  });

  it('finds what moves the load, and what does not', () => {
    const ridge = learned(plain(), 3000);
    for (const [at, weight] of [2, -1, 0].entries())
      expect(Math.abs(ridge.change(unitVector(at)) - weight)).toBeLessThan(0.15);
  });

  it('does not trust a little', () => {
    const weight = learned(plain(), 24).change(unitVector(0));
    expect(weight).toBeGreaterThan(0.5);
    expect(weight).toBeLessThan(1.9);
  });

  it('stands features that are each other, or each other in sum', () => {
    const next = randoms(3, 5);
    const ridge = learned(() => {
      const seen = next();
      seen[3] = seen[0]!;
      seen[4] = seen[1]! + seen[2]!;
      return { seen, change: 3 * seen[0]! + seen[4]! };
    }, 3000);
    const seen = series(FEATURES, (i) => [1, 2, -1, 1, 1][i] ?? 0);
    expect(ridge.change(seen)).toBeCloseTo(4, 0);
    const twins = ridge.change(unitVector(0)) + ridge.change(unitVector(3));
    expect(twins).toBeCloseTo(3, 0);
  });

  it('stands features that are always 0', () => {
    const ridge = learned(() => ({ seen: unitVector(0, 0), change: 1 }), 500);
    expect(ridge.change(series(FEATURES, () => 1))).toBe(0);
  });

  it.each([1e-6, 1e6, 1e15])('finds the same in loads of a unit of %d', (unit) => {
    const ridge = learned(plain(), 500, { unit });
    const expected = learned(plain(), 500).change(unitVector(0));
    expect(ridge.change(unitVector(0, unit)) / unit).toBeCloseTo(expected, 3);
  });

  it('is hardly moved by one monstrous error', () => {
    const ridge = learned(plain(), 1000);
    const seen = series(FEATURES, (i) => (i < 4 ? 1 : 0));
    ridge.learn(seen, 1e9, 1);
    learned(plain(7), 8, { ridge });
    expect(Math.abs(ridge.change(unitVector(0)) - 2)).toBeLessThan(0.2);
  });

  it('forgets', () => {
    const next = randoms(2, 9);
    const turned: Case = () => {
      const seen = next();
      return { seen, change: -2 * seen[0]! };
    };
    const ridge = learned(turned, 8000, { ridge: learned(plain(), 3000) });
    expect(ridge.change(unitVector(0))).toBeLessThan(-1.5);
  });

  it('tells what the last features add', () => {
    const ridge = learned(plain(), 500);
    const seen = series(FEATURES, () => 1);
    expect(ridge.part(seen, 0)).toBe(ridge.change(seen));
    expect(ridge.part(seen, 1)).toBeCloseTo(ridge.change(seen) - ridge.change(unitVector(0)), 6);
    expect(ridge.part(seen, FEATURES)).toBe(0);
  });

  it('goes on after it was put away', () => {
    const ridge = learned(plain(), 333);
    const other = handOver(ridge, new Ridge());
    for (const one of [ridge, other]) learned(plain(3), 7, { ridge: one });
    const seen = series(FEATURES, (i) => i);
    expect(other.change(seen)).toBe(ridge.change(seen));
    expect(other.ready).toBe(true);
  });
});
