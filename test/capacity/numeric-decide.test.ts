import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, type PoolView, Sizing } from '../../core/capacity/decide.ts';
import type { Leads } from '../../core/capacity/horizons.ts';
import type { ShardView } from '../../core/capacity/view.ts';
import { LEADS, pool, randomViews, sure, ticks, unsure, view } from './numeric-views.ts';

const decide = (
  views: readonly ShardView[],
  change: Partial<PoolView> = {},
  leads: Leads = LEADS,
): Decision => new Sizing(leads).decide(views, pool(change));

const flat = (load: number, change: Partial<ShardView> = {}) =>
  view(
    ticks(() => sure(load)),
    change,
  );

/** Slices that each shard was given. */
function given(decision: Decision, shards: number): number[] {
  const taken = new Array<number>(shards).fill(0);
  for (const { shard } of decision.activate) taken[shard]! += 1;
  return taken;
}

describe('one tick', () => {
  it('gives every shard what it will use, and leaves the rest', () => {
    const decision = decide([flat(3.5), flat(2, { serving: 2 }), flat(1.5, { serving: 6 })], { ready: 5 });
    expect(given(decision, 3)).toEqual([3, 0, 0]);
    expect([...decision.release]).toEqual([0, 0, 4]);
    expect(decision.activate.every(({ rule, value }) => rule === 'forecast' && value > 0)).toBe(true);
    expect([decision.wanting, decision.start, decision.keep]).toEqual([[], 0, 0]);
  });

  it('gives guarantees first, even where nobody needs them', () => {
    const idle = flat(0, { serving: 0, floor: 2, worth: 0 });
    const decision = decide([flat(9, { priority: 9 }), idle], { ready: 3 });
    expect(decision.activate.map(({ shard, rule }) => [shard, rule])).toEqual([
      [1, 'guarantee'],
      [1, 'guarantee'],
      [0, 'forecast'],
    ]);
  });

  it('starts what guarantees lack, whatever it is worth', () => {
    const decision = decide([flat(0, { serving: 0, floor: 3, worth: 0 })], { ready: 1 });
    expect([decision.activate.length, decision.wanting.length, decision.start]).toEqual([1, 2, 2]);
  });

  it('never takes a shard below its guarantee or leaves it above its maximum', () => {
    const decision = decide([flat(0, { serving: 5, floor: 3 }), flat(50, { serving: 8, ceiling: 6 })], {
      ready: 9,
    });
    expect([...decision.release]).toEqual([2, 2]);
    expect(decision.activate).toEqual([]);
  });

  it('serves higher priorities first, then what is worth most', () => {
    const views = [
      flat(9, { worth: 20 }),
      flat(9, { worth: 3, priority: 2 }),
      flat(9, { worth: 30 }),
      flat(2, { worth: 3, priority: 5 }),
    ];
    const { activate, wanting } = decide(views, { ready: 11 });
    expect(activate.map(({ shard }) => shard)).toEqual([3, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
    expect(wanting.map(({ shard }) => shard)).toEqual([2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('activates no part of a slice, nor one that is not there', () => {
    expect(decide([flat(9)], { ready: 1.9 }).activate).toHaveLength(1);
    expect(decide([flat(9)], { ready: 0, arriving: 5 }).activate).toHaveLength(0);
  });

  it('starts for what is arriving only what that leaves', () => {
    const starts = [0, 3, 8, 20].map((arriving) => decide([flat(7, { serving: 1 })], { arriving }).start);
    expect(starts).toEqual([6, 3, 0, 0]);
  });

  it('starts nothing beyond the fleet', () => {
    const starts = [0, 2, 100, -1].map((room) => decide([flat(7)], { room }).start);
    expect(starts).toEqual([0, 2, 6, 0]);
  });

  it('does not give back and take for one shard, however long activation takes', () => {
    const dip = view(
      ticks((h) => sure(h === 4 ? 0.4 : 0)),
      { serving: 1, floor: 0 },
    );
    const slow = { ...LEADS, activate: 4, start: 4, cold: 6 };
    const decision = decide([dip], { ready: 3 }, slow);
    expect(decision.release[0]! * given(decision, 1)[0]!).toBe(0);
  });

  it('has nothing to do without shards', () => {
    const decision = decide([], { ready: 2 });
    expect([decision.activate, decision.start, decision.keep, decision.stock]).toEqual([
      [],
      0,
      0,
      { least: 0, most: 0 },
    ]);
  });
});

describe('the ready pool', () => {
  const shaky = Array.from({ length: 12 }, () =>
    view(
      ticks((h) => unsure(4, 0.1 + 0.2 * h)),
      { serving: 5, worth: 30 },
    ),
  );

  it('is kept for what may be called for', () => {
    const decision = decide(shaky, { ready: 40 });
    expect(decision.keep).toBeGreaterThan(0);
    expect(decision.keep).toBeLessThan(40);
  });

  it('stays within its bound', () => {
    for (const ready of [0, 5, 40]) {
      for (const bound of [0, 1, 3]) {
        const { keep, activate } = decide(shaky, { ready, bound });
        expect(keep).toBeLessThanOrEqual(bound);
        expect(Math.min(ready - activate.length, keep)).toBeLessThanOrEqual(bound);
      }
    }
  });

  it('is as large as a fixed target says, from below and from above', () => {
    for (const ready of [0, 2, 40]) {
      const decision = decide(shaky, { ready, target: 4 });
      expect(decision.keep).toBe(4);
      expect(decision.start).toBe(Math.max(0, 4 - ready));
      expect(decide(shaky, { ready, target: 4, bound: 3 }).keep).toBe(3);
    }
  });

  it('does not count against its bound what is as good as called for', () => {
    const decision = decide([flat(7)], { bound: 0 });
    expect([decision.start, decision.keep]).toEqual([6, 6]);
  });

  it('makes up for likely losses', () => {
    const quiet = [flat(4, { serving: 4 })];
    expect(decide(quiet, {}).start).toBe(0);
    expect(decide(quiet, { losses: [{ probability: 0.3, slices: 2 }] }).start).toBe(2);
    expect(decide(quiet, { losses: [{ probability: 0.01, slices: 2 }] }).start).toBe(0);
  });
});

describe('any tick', () => {
  const cases = fc.record({
    seed: fc.nat(100_000),
    shards: fc.integer({ min: 1, max: 25 }),
    ready: fc.nat(30),
    arriving: fc.nat(5),
    bound: fc.nat(10),
    room: fc.nat(20),
    activate: fc.constantFrom(0, 0, 1, 3),
  });

  it('keeps guarantees, maxima, the bound of the pool and of the fleet', () => {
    fc.assert(
      fc.property(cases, ({ seed, shards, ready, arriving, bound, room, activate }) => {
        const views = randomViews(shards, seed);
        const leads = { ...LEADS, activate, start: 1 + activate };
        const decision = decide(views, { ready, arriving, bound, room }, leads);
        expect(decision.activate.length).toBeLessThanOrEqual(ready);
        expect(decision.start).toBeGreaterThanOrEqual(0);
        expect(decision.start).toBeLessThanOrEqual(room);
        const taken = given(decision, shards);
        let shortfall = 0;
        let most = bound;
        views.forEach(({ serving, floor, ceiling }, s) => {
          const after = serving - decision.release[s]! + taken[s]!;
          expect(after).toBeLessThanOrEqual(ceiling);
          expect(decision.release[s]! * taken[s]!).toBe(0);
          if (decision.release[s]! > 0) expect(after).toBeGreaterThanOrEqual(floor);
          shortfall += Math.max(0, floor - after);
          most += Math.min(6, ceiling - after);
        });
        // A guarantee is short only when there is nothing left to give it.
        if (shortfall > 0) expect(decision.activate.length).toBe(ready);
        if (shortfall > 0) expect(decision.activate.every(({ rule }) => rule === 'guarantee')).toBe(true);
        if (decision.wanting.length > 0) expect(decision.activate.length).toBe(ready);
        expect(decision.keep).toBeLessThanOrEqual(Math.max(shortfall, most));
        expect(decision.stock.least).toBeLessThanOrEqual(decision.stock.most);
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it('is decided the same again, also by a sizing that has decided others', () => {
    fc.assert(
      fc.property(cases, ({ seed, shards, ready, arriving, bound, room }) => {
        const views = randomViews(shards, seed);
        const state = pool({ ready, arriving, bound, room });
        const used = new Sizing(LEADS);
        const first = used.decide(views, state);
        used.decide(randomViews(40, seed + 1), pool({ ready: 7 }));
        expect(used.decide(views, state)).toEqual(first);
        expect(new Sizing(LEADS).decide(views, state)).toEqual(first);
      }),
      { seed: 2, numRuns: 20 },
    );
  });

  it('does not depend on the order of the shards', () => {
    fc.assert(
      fc.property(cases, ({ seed, shards, ready, arriving, bound, room }) => {
        const views = randomViews(shards, seed);
        const turned = [...views].reverse();
        const [one, two] = [views, turned].map((each) => decide(each, { ready, arriving, bound, room }));
        expect([...two!.release].reverse()).toEqual([...one!.release]);
        expect(given(two!, shards).reverse()).toEqual(given(one!, shards));
        expect(two!.wanting.map(({ shard }) => shards - 1 - shard)).toEqual(
          one!.wanting.map(({ shard }) => shard),
        );
        expect([two!.start, two!.keep, two!.stock]).toEqual([one!.start, one!.keep, one!.stock]);
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  it('of a thousand shards is decided within a second, on a busy machine', () => {
    const views = randomViews(1000, 1);
    const sizing = new Sizing(LEADS);
    const from = performance.now();
    for (let i = 0; i < 5; i++) sizing.decide(views, pool({ ready: 500 }));
    expect((performance.now() - from) / 5).toBeLessThan(1000);
  });
});
