import { describe, expect, it } from 'vitest';
import { populate } from '../../backtest/world/populate.ts';
import { luck } from '../../backtest/world/random.ts';
import { World } from '../../backtest/world/world.ts';
import type { FleetAction } from '../../core/capacity/plan.ts';
import type { Group } from '../../core/shards/instance.ts';
import { settingsOf, T0, traceOf } from './fixtures.ts';

type Fleet = Parameters<typeof settingsOf>[1];
const reason = { rule: 'pool' } as const;
const start = (count: number, group: Group = 'steady'): FleetAction => ({
  kind: 'start',
  group,
  count,
  reason,
});

function worldOf(fleet: Fleet = {}, seed = 1): World {
  const trace = traceOf({ a: new Array(300).fill(0) });
  return new World({ settings: settingsOf(['a'], fleet), trace, from: 0, end: 300, seed });
}

const states = (world: World) => world.fleet.all().map(({ state }) => state);

describe('luck', () => {
  const sample = (draw: () => number, n = 20_000) => {
    const values = Array.from({ length: n }, draw);
    const mean = values.reduce((sum, v) => sum + v, 0) / n;
    return { mean, sd: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n) };
  };

  it('has the mean and the spread that were asked for', () => {
    const { mean, sd } = sample(() => one.lognormal(240, 0.3));
    expect([mean / 240, sd / 72]).toEqual([expect.closeTo(1, 1), expect.closeTo(1, 1)]);
    expect(sample(() => one.exponential(50)).mean / 50).toBeCloseTo(1, 1);
    expect(one.lognormal(240, 0)).toBe(240);
  });
  const one = luck(7, 'boots');

  it('depends on seed and concern, and on nothing else', () => {
    const five = (seed: number, concern: string) => {
      const stream = luck(seed, concern);
      return Array.from({ length: 5 }, () => stream.uniform());
    };
    expect(five(1, 'spot')).toEqual(five(1, 'spot'));
    expect(five(1, 'spot')).not.toEqual(five(2, 'spot'));
    expect(five(1, 'spot')).not.toEqual(five(1, 'boots'));
  });
});

describe('boot times', () => {
  it('are the lead time of the origin: cold 240 s, from the warm pool 60 s', async () => {
    const world = worldOf();
    await world.fleet.apply(start(1), '1');
    expect(world.fleet.all()).toMatchObject([{ state: 'starting', origin: 'cold', expectedAt: T0 + 240 }]);
    await world.runUntil(T0 + 239.9);
    expect(states(world)).toEqual(['starting']);
    await world.runUntil(T0 + 240);
    expect(world.fleet.all()).toMatchObject([{ state: 'running', since: T0 + 240 }]);
    await world.fleet.apply({ kind: 'release', instance: 'i-00000000', to: 'warm', reason }, '2');
    await world.fleet.apply(start(2), '3');
    expect(world.fleet.all()).toMatchObject([{ origin: 'warm' }, { origin: 'cold' }]);
    await world.runUntil(T0 + 300);
    expect(states(world)).toEqual(['running', 'starting']);
  });

  it('vary by the spread', async () => {
    const world = worldOf({ leadTimes: { cold: { seconds: 240, spread: 0.5 } } });
    await world.fleet.apply(start(20), '1');
    await world.runUntil(T0 + 240);
    const running = states(world).filter((state) => state === 'running').length;
    expect(running).toBeGreaterThan(4);
    expect(running).toBeLessThan(20);
  });

  it('end in nothing where the launch fails', async () => {
    const world = worldOf({ launchFailures: 0.5, max: 200 });
    await world.fleet.apply(start(200), '1');
    await world.runUntil(T0 + 240);
    expect(world.fleet.all().length).toBeGreaterThan(70);
    expect(world.fleet.all().length).toBeLessThan(130);
  });
});

describe('bounds', () => {
  it('start no more than fleet.max, and say so', async () => {
    const world = worldOf({ max: 3 });
    await expect(world.fleet.apply(start(5), '1')).rejects.toThrow('5 starts asked, room for 3');
    expect(world.fleet.size()).toBe(3);
  });

  it('stock no more than fleet.warmMax, and end what would come back above it', async () => {
    const world = worldOf({ warmMax: 1 });
    await expect(world.fleet.apply({ kind: 'stock', count: 2, reason }, '1')).rejects.toThrow('room for 1');
    await world.fleet.apply(start(1), '2');
    await world.runUntil(T0 + 240);
    await world.fleet.apply({ kind: 'release', instance: 'i-00000001', to: 'warm', reason }, '3');
    expect(states(world)).toEqual(['warm']);
  });

  it('refuse to stop Spot', async () => {
    const world = worldOf();
    await world.fleet.apply(start(1, 'spot'), '1');
    await world.runUntil(T0 + 240);
    const stop = world.fleet.apply({ kind: 'release', instance: 'i-00000000', to: 'warm', reason }, '2');
    await expect(stop).rejects.toThrow('cannot be stopped');
  });
});

it('instances are spread evenly over the zones, Spot over the types too', async () => {
  const world = worldOf({ instanceTypes: [{ type: 'm7i.large' }, { type: 'm6i.large' }] });
  await world.fleet.apply(start(6, 'spot'), '1');
  const count = (of: (i: { zone: string; type: string }) => string) =>
    Object.groupBy(world.fleet.all(), of) as Record<string, unknown[]>;
  expect(Object.values(count(({ zone }) => zone)).map((l) => l.length)).toEqual([2, 2, 2]);
  expect(Object.values(count(({ type }) => type)).map((l) => l.length)).toEqual([3, 3]);
});

describe('cost', () => {
  it('is paid for every running instance, starting ones too, and for stopped ones by their share', async () => {
    const world = worldOf();
    await world.fleet.apply(start(1), '1');
    await world.fleet.apply(start(1, 'spot'), '2');
    await world.runUntil(T0 + 240);
    await world.fleet.apply({ kind: 'release', instance: 'i-00000000', to: 'warm', reason }, '3');
    await world.runUntil(T0 + 3600);
    const taken = world.takeMetered();
    expect(taken).toMatchObject({ starting: 480, running: 3360, stopped: 3360 });
    expect(taken.dollars).toBeCloseTo(0.04 + (0.1008 * 240 + 0.1008 * 0.02 * 3360) / 3600, 10);
  });
});

describe('the fleet at the beginning', () => {
  const lay = (load: number, fleet: Fleet, shard = {}) => {
    const settings = settingsOf(['a', 'b'], fleet, shard);
    const row = [load, load];
    const world = new World({ settings, trace: traceOf({ a: row, b: [0, 0] }), from: 0, end: 2, seed: 1 });
    populate(world);
    return world;
  };

  it('serves the first minute’s load, with as few slices as will do, packed', async () => {
    const world = lay(240, { slicesPerInstance: 4 });
    // a: 240 / 25 → 10 slices; b: its guarantee of one instance.
    expect(world.services.get('a')?.capacity).toBe(250);
    expect(world.services.get('b')?.capacity).toBe(100);
    expect(world.fleet.all()).toHaveLength(4);
    expect(world.store.counts).toMatchObject({ active: 14, ready: 2 });
  });

  it('keeps to fleet.max and to the Spot share', () => {
    expect(lay(1000, { max: 4 }).fleet.size()).toBe(4);
    const world = lay(700, { spotShare: 0.5 });
    expect(world.fleet.all().filter(({ group }) => group === 'spot')).toHaveLength(4);
  });

  it('powers down standby shards that have no load', () => {
    const world = lay(100, {}, { standby: { instances: 2 } });
    expect(world.fleet.all().filter(({ state }) => state === 'standby')).toHaveLength(2);
    expect(world.services.get('b')?.capacity).toBe(0);
  });
});
