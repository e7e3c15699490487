import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindReserves, type Reserve } from '../../core/interruption/bind.ts';
import { exposuresOf } from '../../core/interruption/exposure.ts';
import { copySeconds, isLarge, neededReserves, type ReserveInput } from '../../core/interruption/reserves.ts';
import type { SliceRisk } from '../../core/interruption/risk.ts';
import { reservesSchema } from '../../core/settings/reserves.ts';

interface Change {
  readonly zone?: string;
  readonly within15?: number;
  readonly cost?: number;
  readonly stateMiB?: number;
}

let slices = 0;
const risk = (shard: string, { zone = 'a', within15 = 0.02, cost = 0.5, stateMiB = 512 }: Change = {}) => {
  const within60 = 1 - (1 - within15) ** 4;
  const instance = `i-${String(slices++).padStart(4, '0')}`;
  return {
    slice: `${instance}:8080`,
    instance,
    shard,
    pool: { type: 'm7i.large', zone },
    likelihood: { within15, within60, parts: {} },
    cost: { total: cost, dataLoss: cost, rollback: 0, degraded: 0, parts: {} },
    score: within60 * cost,
    stateMiB,
    dirtyMiBps: stateMiB / 200,
  } satisfies SliceRisk;
};

const settingsOf = (change: Partial<ReturnType<typeof reservesSchema.parse>> = {}) => ({
  ...reservesSchema.parse({ max: 100 }),
  ...change,
});
const inputOf = (risks: readonly SliceRisk[], change: Partial<ReserveInput> = {}): ReserveInput => ({
  exposures: exposuresOf(risks),
  reserved: new Map(),
  requests: [],
  settings: settingsOf(),
  price: 0.1,
  lead: 250,
  now: 1000,
  ...change,
});
const count = (risks: readonly SliceRisk[], change: Partial<ReserveInput> = {}) =>
  neededReserves(inputOf(risks, change)).length;
const some = (n: number, change: Change) => Array.from({ length: n }, (_, i) => risk(`s${i}`, change));
const ZONES = ['a', 'b', 'c', 'd'];

describe('the number of reserves', () => {
  it('is none where the risk does not pay for one, and for On-Demand', () => {
    expect(count(some(5, { within15: 1e-6 }))).toBe(0);
    const { pool, ...safe } = risk('s', { within15: 0.5 });
    expect(pool).toBeDefined();
    expect(count([safe])).toBe(0);
  });

  it('is one per slice of a pool, and shared between pools', () => {
    const settings = settingsOf({ lossCost: 30, unannounced: 1 });
    expect(count(some(3, { zone: 'a' }), { settings })).toBe(3);
    expect(
      count(
        ZONES.flatMap((zone) => some(3, { zone })),
        { settings },
      ),
    ).toBe(3);
  });

  it('covers pools that may well go at once too, where that is worth it', () => {
    const risks = ZONES.flatMap((zone) => some(3, { zone, within15: 0.4 }));
    const n = count(risks, { settings: settingsOf({ lossCost: 1000, unannounced: 1 }) });
    expect(n).toBeGreaterThan(3);
    expect(n).toBeLessThanOrEqual(12);
  });

  it('counts announced pools together, for they may go at once', () => {
    const risks = ['a', 'b'].flatMap((zone) => some(3, { zone, within15: 0.6 }));
    const announced = exposuresOf(risks, new Set(['m7i.large/a', 'm7i.large/b']));
    const needs = neededReserves(inputOf(risks, { exposures: announced }));
    expect(needs).toHaveLength(6);
    expect(needs.every(({ urgent }) => urgent)).toBe(true);
  });

  it('counts reserves in Spot pools as what goes with them', () => {
    const settings = settingsOf({ lossCost: 30, unannounced: 1 });
    const reserved = new Map([['m7i.large/a', 2]]);
    expect(count(some(3, { zone: 'a' }), { settings, reserved })).toBe(5);
  });

  it('follows what the shards will need by then', () => {
    const settings = settingsOf({ lossCost: 30, unannounced: 1 });
    expect(count(some(3, {}), { settings, activity: () => 2 })).toBe(6);
  });

  it('never exceeds the maximum, requests first', () => {
    const requests = [{ id: 'r', shard: 's0', count: 3, until: 5000 }];
    const needs = neededReserves(
      inputOf(some(9, { within15: 0.9 }), { requests, settings: settingsOf({ max: 5, unannounced: 1 }) }),
    );
    expect(needs.map(({ request }) => request)).toEqual(['r', 'r', 'r', undefined, undefined]);
    expect(needs[0]).toMatchObject({ shard: 's0', also: [], until: 5000 });
    const over = { requests: [{ ...requests[0]!, until: 1000 }] };
    expect(count([], over)).toBe(0);
  });

  it('never falls as likelihood, cost, or what a loss costs rise, nor as the price falls', () => {
    const chance = fc.double({ min: 0.001, max: 0.9, noNaN: true });
    const pools = fc.array(fc.record({ n: fc.integer({ min: 1, max: 6 }), within15: chance }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(pools, fc.double({ min: 1, max: 3, noNaN: true }), (some_, more) => {
        const make = (factor: number, cost: number) =>
          some_.flatMap(({ n, within15 }, z) =>
            some(n, { zone: ZONES[z]!, within15: Math.min(0.95, within15 * factor), cost }),
          );
        const base = count(make(1, 0.3));
        expect(count(make(more, 0.3))).toBeGreaterThanOrEqual(base);
        expect(count(make(1, Math.min(1, 0.3 * more)))).toBeGreaterThanOrEqual(base);
        expect(count(make(1, 0.3), { settings: settingsOf({ lossCost: 5 * more }) })).toBeGreaterThanOrEqual(
          base,
        );
        expect(count(make(1, 0.3), { price: 0.1 / more })).toBeGreaterThanOrEqual(base);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a reserve', () => {
  it('is held for the shard with most at stake, and for those of other pools', () => {
    const risks = [risk('cart', { zone: 'a', cost: 0.9 }), risk('search', { zone: 'b' })];
    const [first] = neededReserves(inputOf(risks, { settings: settingsOf({ lossCost: 100 }) }));
    expect(first).toMatchObject({ shard: 'cart', also: ['search'], avoid: { zone: 'a' }, until: 1900 });
  });

  it('should be in the same zone when the state is large', () => {
    const settings = settingsOf({ lossCost: 100 });
    const [small] = neededReserves(inputOf([risk('s', { stateMiB: 512 })], { settings }));
    const [large] = neededReserves(inputOf([risk('s', { stateMiB: 8192 })], { settings }));
    expect(small).not.toHaveProperty('zone');
    expect(large).toHaveProperty('zone', 'a');
    expect(copySeconds({ stateMiB: 8192, dirtyMiBps: 0 }, settings)).toBeCloseTo(88, 0);
    expect(isLarge({ ...risk('s'), stateMiB: 100, dirtyMiBps: 1000 }, settings)).toBe(true);
  });
});

describe('binding', () => {
  const reserve = (slice: string, zone: string, shards: string, isSpot = false): Reserve => ({
    slice,
    zone,
    shards: new Set(shards.split('')),
    ...(isSpot && { pool: { type: 'm7i.large', zone } }),
  });
  const bind = (
    risks: readonly SliceRisk[],
    reserves: readonly Reserve[],
    before: Record<string, string> = {},
    announced: readonly string[] = [],
  ) =>
    bindReserves(
      exposuresOf(risks, new Set(announced.map((zone) => `m7i.large/${zone}`))),
      reserves,
      new Map(Object.entries(before)),
      settingsOf(),
    );

  it('gives no reserve to two slices of a pool, and one to slices of several', () => {
    const [a1, a2, b1] = [risk('x', { zone: 'a' }), risk('y', { zone: 'a' }), risk('z', { zone: 'b' })];
    const bound = bind([a1, a2, b1], [reserve('r', 'c', 'xyz')]);
    expect(bound.size).toBe(2);
    expect(bound.get(b1.slice)).toBe('r');
  });

  it('gives none to slices of two pools that are both announced', () => {
    const risks = [risk('x', { zone: 'a' }), risk('y', { zone: 'b' })];
    expect(bind(risks, [reserve('r', 'c', 'xy')], {}, ['a', 'b']).size).toBe(1);
  });

  it('never takes a reserve of the same pool, nor one that is held for others', () => {
    const risks = [risk('x', { zone: 'a' })];
    expect(bind(risks, [reserve('r', 'a', 'x', true)]).size).toBe(0);
    expect(bind(risks, [reserve('r', 'b', 'y')]).size).toBe(0);
    expect(bind(risks, [reserve('r', 'a', 'x')]).size).toBe(1);
  });

  it('keeps what was bound, and lets what is announced go first', () => {
    const [x, y] = [risk('x', { zone: 'a', cost: 0.9 }), risk('y', { zone: 'a', cost: 0.1 })];
    const reserves = [reserve('r1', 'c', 'xy'), reserve('r2', 'd', 'xy')];
    const before = { [x.slice]: 'r2', [y.slice]: 'r1' };
    expect(Object.fromEntries(bind([x, y], reserves, before))).toEqual(before);
    const b = risk('y', { zone: 'b' });
    const bound = bind([x, b], [reserves[0]!], { [x.slice]: 'r1' }, ['b']);
    expect(bound.get(b.slice)).toBe('r1');
  });

  it('prefers a near one for a large state', () => {
    const large = risk('x', { zone: 'a', stateMiB: 8192 });
    expect(bind([large], [reserve('r1', 'b', 'x'), reserve('r2', 'a', 'x')]).get(large.slice)).toBe('r2');
  });
});
