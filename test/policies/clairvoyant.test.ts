import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelConfig, ModelTrace } from '../../backtest/model/model.ts';
import { clairvoyantBound, clairvoyantFront } from '../../backtest/policies/clairvoyant.ts';
import { PEERS, runPeer } from '../../backtest/policies/sweep.ts';
import { exactMinutes } from './exact.ts';
import { config, KNOB, oneShard } from './helpers.ts';

const loads = (shards: number, minutes: number) =>
  fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: minutes, maxLength: minutes }), {
    minLength: shards,
    maxLength: shards,
  });

function traceOf(load: readonly (readonly number[])[], history = 0): ModelTrace {
  return {
    name: 'random',
    shards: load.map((_, s) => `s${s}`),
    load: load.map((values) => Float64Array.from(values)),
    history,
    start: 0,
  };
}

const settings: readonly ModelConfig[] = [
  config({ peakInstances: 3 }),
  config({ peakInstances: 5, lead: { cold: 6, warm: 2, drain: 2 } }),
  config({ peakInstances: 2, lead: { cold: 3, warm: 1, drain: 0 }, stopped: 0.3 }),
];

/** Slow enough to be worth following, from a few numbers. */
function rolling(seed: number, shards: number, minutes: number): number[][] {
  return Array.from({ length: shards }, (_, s) =>
    Array.from({ length: minutes }, (__, t) => {
      const phase = seed * 1.3 + s * 2.1;
      return Math.round(Math.max(0, 20 + 15 * Math.sin(t / 4 + phase) + 8 * Math.sin(t * 1.9 + 3 * phase)));
    }),
  );
}

describe('the clairvoyant’s bound against the exact optimum', () => {
  it('is never above it, on random loads', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }).chain((shards) => loads(shards, 16)),
        fc.constantFrom(...settings),
        fc.constantFrom(0, 0.001, 0.02, 0.1),
        (load, model, share) => {
          const trace = traceOf(load);
          const bound = clairvoyantBound(trace, model, share);
          expect(bound.hours * 60).toBeLessThanOrEqual(exactMinutes(trace, model, share, false) + 1e-6);
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  it('is within a per cent of the linear optimum on the average', () => {
    let ratio = 0;
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    for (const seed of seeds) {
      const trace = traceOf(rolling(seed, 3, 30));
      const model = settings[seed % 2]!;
      const bound = clairvoyantBound(trace, model, 0.02).hours * 60;
      const linear = exactMinutes(trace, model, 0.02, false);
      expect(bound).toBeLessThanOrEqual(linear + 1e-6);
      ratio += bound / linear;
    }
    expect(ratio / seeds.length).toBeGreaterThan(0.99);
  });

  it('is never above the whole-number optimum', () => {
    for (const seed of [1, 2]) {
      const trace = traceOf(rolling(seed, 2, 10));
      const model = settings[seed % 3]!;
      const bound = clairvoyantBound(trace, model, 0.02).hours * 60;
      const exact = exactMinutes(trace, model, 0.02, true);
      expect(bound).toBeLessThanOrEqual(exact + 1e-6);
      expect(bound).toBeGreaterThan(0.9 * exact);
    }
  }, 20_000);

  it('brackets it with a plan that could be carried out', () => {
    const trace = traceOf(rolling(3, 2, 30));
    const { plan } = clairvoyantBound(trace, settings[0]!, 0.02);
    expect(plan.hours * 60).toBeGreaterThanOrEqual(
      exactMinutes(trace, settings[0]!, plan.unmet, false) - 1e-6,
    );
  });
});

describe('the clairvoyant’s bound', () => {
  it('is below every peer at the peer’s own unmet share', () => {
    fc.assert(
      fc.property(
        loads(2, 40),
        fc.constantFrom(...PEERS),
        fc.record({
          target: fc.double({ min: 0.3, max: 1.5, noNaN: true }),
          prepared: fc.constantFrom(0, 0.5, 1),
          gentle: fc.constantFrom<0 | 1>(0, 1),
        }),
        fc.constantFrom(...settings),
        (load, peer, knob, model) => {
          // Each value stands for ten minutes: groups have time to react.
          const trace = traceOf(
            load.map((values) => values.flatMap((value) => new Array<number>(10).fill(value))),
            60,
          );
          const outcome = runPeer(peer, trace, model, { ...KNOB, ...knob, buffer: 5 });
          const bound = clairvoyantBound(trace, model, outcome.unmet);
          expect(bound.hours).toBeLessThanOrEqual(outcome.hours + 1e-9);
        },
      ),
      { seed: 11, numRuns: 200 },
    );
  });

  it('is exact for a load that does not change', () => {
    const bound = clairvoyantBound(oneShard(new Array(600).fill(10)), config({ peakInstances: 4 }), 0);
    expect(bound.hours).toBeCloseTo(40, 6);
    expect(bound.plan.hours).toBeCloseTo(40, 6);
  });

  it('asks for one active instance per shard without any load', () => {
    const bound = clairvoyantBound(traceOf([new Array(120).fill(0), new Array(120).fill(0)]), config(), 0);
    expect(bound.hours).toBeCloseTo(4, 9);
  });

  it('rises as less may be missed', () => {
    const trace = traceOf(rolling(5, 3, 200));
    const hours = clairvoyantFront(trace, settings[0]!, [0.1, 0.01, 0.001]).map((bound) => bound.hours);
    expect(hours[0]!).toBeLessThan(hours[1]!);
    expect(hours[1]!).toBeLessThan(hours[2]!);
  });

  it('moves instances between shards whose loads alternate, which no single shard can', () => {
    // High for 20 minutes of 50, five minutes apart: time enough to drain.
    const high = (shift: number) => Array.from({ length: 400 }, (_, t) => ((t + shift) % 50 < 20 ? 30 : 10));
    const [up, down] = [high(0), high(25)];
    const model = config({ peakInstances: 3, stopped: 0.3 });
    const apart = [up, down].map((values) => clairvoyantBound(oneShard(values), model, 0.001).hours);
    const together = clairvoyantBound(traceOf([up, down]), model, 0.001).plan.hours;
    expect(together).toBeLessThan(apart[0]! + apart[1]!);
  });
});
