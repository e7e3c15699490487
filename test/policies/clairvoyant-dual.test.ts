import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacities, type ModelConfig, type ModelTrace } from '../../backtest/model/model.ts';
import { DualProblem, idlePrice } from '../../backtest/policies/clairvoyant-dual.ts';
import { levelsOf } from '../../backtest/policies/clairvoyant-levels.ts';
import { closeDown, closeUp } from '../../backtest/policies/clairvoyant-prices.ts';
import { exactLagrangian } from './exact.ts';
import { config } from './helpers.ts';

const settings: readonly ModelConfig[] = [
  config({ peakInstances: 3 }),
  config({ peakInstances: 4, lead: { cold: 7, warm: 3, drain: 2 }, stopped: 0.1 }),
  config({ peakInstances: 2, lead: { cold: 3, warm: 1, drain: 0 }, stopped: 0.3 }),
];
const MINUTES = 18;
const prices = fc.array(fc.double({ min: -1, max: 9, noNaN: true }), {
  minLength: MINUTES,
  maxLength: MINUTES,
});
/** Runs of a few values, so that segments of every kind are longer than a minute. */
const load = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(0, 5, 10, 14, 20, 30)), {
    minLength: MINUTES,
  })
  .map((runs) => runs.flatMap(([length, value]) => new Array<number>(length).fill(value)).slice(0, MINUTES));

describe('the prices', () => {
  it('let nobody gain by keeping, stopping or launching an instance', () => {
    fc.assert(
      fc.property(prices, fc.constantFrom(...settings), (values, model) => {
        const wished = Float64Array.from(values);
        const down = wished.slice();
        closeDown(down, MINUTES, model);
        expect(down[0]).toBe(0);
        for (let b = 0; b < MINUTES; b++) {
          expect(down[b]!).toBeGreaterThanOrEqual(0);
          expect(down[b]!).toBeLessThanOrEqual(Math.max(0, wished[b]!));
          for (let a = 0; a < b; a++) {
            expect(down[b]! - down[a]!).toBeLessThanOrEqual(idlePrice(b - a, model) + 1e-9);
          }
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('are closed upwards without falling below what was wished', () => {
    fc.assert(
      fc.property(prices, fc.constantFrom(...settings), (values, model) => {
        const up = Float64Array.from(values);
        closeUp(up, MINUTES, model);
        for (let b = 0; b < MINUTES; b++) {
          expect(up[b]!).toBeGreaterThanOrEqual(Math.min(model.lead.cold, values[b]!));
          for (let a = 0; a < b; a++) {
            expect(up[b]! - up[a]!).toBeLessThanOrEqual(idlePrice(b - a, model) + 1e-9);
          }
        }
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

/** The same value minute by minute and level by level, without segments or shortcuts. */
function plainValue(
  values: readonly number[],
  lambda: number,
  closed: Float64Array,
  model: ModelConfig,
): number {
  const { drain } = model.lead;
  const capacity = Math.max(...values) / model.peakInstances || 1;
  let sum = 0;
  for (let k = 0; k <= model.peakInstances; k++) {
    let off = k === 0 ? Number.POSITIVE_INFINITY : 0;
    let on = k === 0 ? 0 : Number.POSITIVE_INFINITY;
    values.forEach((value, t) => {
      const missed = lambda * Math.min(capacity, Math.max(0, value - k * capacity));
      const left = on + Math.min(drain, MINUTES - t) - closed[t + drain]!;
      const entered = off + closed[t]!;
      off = (k === 0 ? off : Math.min(off, left)) + missed;
      on = Math.min(on, entered) + 1;
    });
    sum += Math.min(on, off);
  }
  return sum;
}

describe('the Lagrangian at any feasible prices', () => {
  it('is what plain dynamic programming finds', () => {
    fc.assert(
      fc.property(
        load,
        prices,
        fc.constantFrom(...settings),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (values, wished, model, lambda) => {
          const each = Float64Array.from(values);
          const capacity = Math.max(...values) / model.peakInstances || 1;
          const closed = new Float64Array(MINUTES + model.lead.drain);
          closed.set(wished);
          closeDown(closed, MINUTES, model);
          const total = values.reduce((sum, value) => sum + value, 0);
          const problem = new DualProblem([levelsOf(each, 0, capacity)], MINUTES, total, model);
          expect(problem.solve(lambda, closed).value).toBeCloseTo(
            plainValue(values, lambda, closed, model),
            6,
          );
        },
      ),
      { seed: 6, numRuns: 1000 },
    );
  });

  it('is at most the exact optimum, and its plan at least', () => {
    fc.assert(
      fc.property(
        fc.array(load, { minLength: 1, maxLength: 3 }),
        prices,
        fc.constantFrom(...settings),
        fc.double({ min: 0.02, max: 2, noNaN: true }),
        (loads, values, model, lambda) => {
          const trace: ModelTrace = {
            name: 'random',
            shards: loads.map((_, s) => `s${s}`),
            load: loads.map((each) => Float64Array.from(each)),
            history: 0,
            start: 0,
          };
          const capacity = capacities(trace, model);
          const total = loads.flat().reduce((sum, value) => sum + value, 0);
          const levels = trace.load.map((each, s) => levelsOf(each, 0, capacity[s]!));
          const closed = new Float64Array(MINUTES + model.lead.drain);
          closed.set(values);
          closeDown(closed, MINUTES, model);
          const dual = new DualProblem(levels, MINUTES, total, model).solve(lambda, closed);
          const exact = exactLagrangian(trace, model, lambda);
          expect(dual.value).toBeLessThanOrEqual(exact + 1e-6);
          expect(dual.primal).toBeGreaterThanOrEqual(exact - 1e-6);
        },
      ),
      { seed: 5, numRuns: 150 },
    );
  });
});
