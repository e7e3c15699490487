import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { above, learned } from '../../core/interruption/baseline.ts';
import { type CostInput, costOf } from '../../core/interruption/cost.ts';
import { dependantsOf } from '../../core/interruption/graph.ts';
import { interruptFirst } from '../../core/interruption/rank.ts';
import { riskSchema } from '../../core/settings/risk.ts';
import { DAY, HOUR } from '../../core/time.ts';

const input: CostInput = {
  settings: riskSchema.parse({}),
  priority: 100,
  slices: 4,
  hasState: true,
  stateMiB: 256,
  dirtyMiBps: 2,
  metrics: { cpu: 0.4, memory: 0.5, inFlight: 10, sessions: 100 },
  baselines: {},
  dependants: 0,
};
const anyInput = fc
  .record({
    priority: fc.integer({ min: 0, max: 1000 }),
    slices: fc.integer({ min: 1, max: 20 }),
    hasState: fc.boolean(),
    stateMiB: fc.double({ min: 0, max: 1e6, noNaN: true }),
    dirtyMiBps: fc.double({ min: 0, max: 1e4, noNaN: true }),
    metrics: fc.dictionary(
      fc.constantFrom('cpu', 'memory', 'io', 'inFlight', 'sessions', 'other'),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
    ),
    baselines: fc.dictionary(
      fc.constantFrom('cpu', 'inFlight', 'sessions'),
      fc.record({
        at: fc.constant(0),
        mean: fc.double({ min: 0, max: 1e4, noNaN: true }),
        variance: fc.double({ min: 0, max: 1e6, noNaN: true }),
      }),
    ),
    dependants: fc.integer({ min: 0, max: 50 }),
  })
  .map((some): CostInput => ({ ...input, ...some }));

describe('costOf', () => {
  it('is in [0, 1], each part of it too', () => {
    fc.assert(
      fc.property(anyInput, (each) => {
        const { total, dataLoss, rollback, degraded } = costOf(each);
        for (const part of [total, dataLoss, rollback, degraded]) {
          expect(part).toBeGreaterThanOrEqual(0);
          expect(part).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('never falls when more is at stake', () => {
    fc.assert(
      fc.property(anyInput, fc.double({ min: 1, max: 3, noNaN: true }), (each, times) => {
        const before = costOf(each).total;
        const more: CostInput[] = [
          { ...each, priority: Math.min(1000, each.priority * times) },
          { ...each, dependants: each.dependants + 1 },
          { ...each, stateMiB: each.stateMiB * times },
          { ...each, dirtyMiBps: each.dirtyMiBps * times },
          { ...each, slices: Math.max(1, each.slices - 1) },
          { ...each, utilization: 0.9 },
          ...Object.entries(each.metrics).map(([name, value]) => ({
            ...each,
            metrics: { ...each.metrics, [name]: value * times },
          })),
        ];
        for (const one of more) expect(costOf(one).total).toBeGreaterThanOrEqual(before - 1e-9);
      }),
    );
  });

  it('says what it is made of, and is weighed as the settings say', () => {
    const { dataLoss, parts } = costOf(input);
    expect(dataLoss).toBeGreaterThan(0.4);
    expect(parts).toMatchObject({ cpu: 0.5 });
    expect(costOf({ ...input, hasState: false }).dataLoss).toBe(0);
    const only = (weights: object) =>
      costOf({ ...input, priority: 0, settings: riskSchema.parse({ weights }) });
    expect(only({ dataLoss: 1, rollback: 0, degraded: 0 }).total).toBeCloseTo(dataLoss);
    expect(only({ dataLoss: 0, rollback: 0, degraded: 0 }).total).toBe(0);
  });

  it('takes transactions far above the usual for a reason to wait', () => {
    const usual = [...Array(48).keys()].reduce(
      (baseline, hour) => learned(baseline, 10 + (hour % 3), hour * HOUR),
      learned(undefined, 10, 0),
    );
    const of = (inFlight: number) =>
      costOf({ ...input, metrics: { inFlight }, baselines: { inFlight: usual } }).rollback;
    expect(of(11)).toBeLessThan(0.5);
    expect(of(40)).toBeCloseTo(0.8);
  });
});

describe('Baseline', () => {
  it('follows the metric within days and knows how far above it a value is', () => {
    let baseline = learned(undefined, 100, 0);
    for (let at = HOUR; at <= 5 * DAY; at += HOUR) baseline = learned(baseline, at < DAY ? 100 : 200, at);
    expect(baseline.mean).toBeGreaterThan(190);
    expect(above(baseline, 150)).toBe(0);
    expect(above(baseline, 400)).toBeGreaterThan(4);
    expect(above(undefined, 400)).toBe(0);
    expect(learned(baseline, Number.NaN, 9 * DAY)).toBe(baseline);
    expect(learned(baseline, 1, 0)).toBe(baseline);
  });
});

describe('dependants and the list of what to interrupt first', () => {
  const shard = (name: string, ...dependsOn: string[]) => ({ name, risk: riskSchema.parse({ dependsOn }) });
  const graph = dependantsOf([
    shard('db'),
    shard('api', 'db'),
    shard('web', 'api'),
    shard('x', 'y'),
    shard('y', 'x'),
  ]);

  it('finds what fails with a shard, through others, and ends in cycles', () => {
    expect([...graph.get('db')!].sort()).toEqual(['api', 'web']);
    expect([...graph.get('web')!]).toEqual([]);
    expect([...graph.get('x')!]).toEqual(['y']);
  });

  it('puts the cheapest first, and what others need never before them', () => {
    const list = interruptFirst(
      [
        { id: 'd1', shard: 'db', cost: 0.1 },
        { id: 'w1', shard: 'web', cost: 0.6 },
        { id: 'a1', shard: 'api', cost: 0.2 },
        { id: 'o1', shard: 'other', cost: 0.3 },
      ],
      graph,
    );
    expect(list.map(({ id }) => id)).toEqual(['o1', 'a1', 'd1', 'w1']);
    expect(list.find(({ id }) => id === 'd1')!.cost).toBe(0.6);
  });
});
