import { describe, expect, it } from 'vitest';
import type { SpotEvent } from '../../backtest/input/spot.ts';
import { World } from '../../backtest/world/world.ts';
import { DAY } from '../../core/time.ts';
import { settingsOf, T0, traceOf } from './fixtures.ts';

const reason = { rule: 'pool' } as const;
type Heard = { kind: 'rebalance' | 'notice'; instance: string; at: number; deadline?: number };

function market(count: number, events: readonly SpotEvent[] | undefined, perDay = 0) {
  const settings = settingsOf(['a'], { interruptionsPerDay: perDay, max: 400 });
  const trace = traceOf({ a: new Array(60).fill(0) });
  const input = { settings, trace, from: 0, end: 60, seed: 3 };
  const world = new World(events === undefined ? input : { ...input, spotEvents: events });
  const heard: Heard[] = [];
  const gone: { instance: string; at: number }[] = [];
  world.signals = {
    arrived() {},
    left: (instance) => gone.push({ instance, at: world.clock.now() }),
    rebalance: (instance, at) => heard.push({ kind: 'rebalance', instance, at }),
    notice: (instance, at, deadline) => heard.push({ kind: 'notice', instance, at, deadline }),
  };
  for (let i = 0; i < count; i++) world.fleet.seed('spot');
  const of = (kind: Heard['kind'], instance: string) =>
    heard.find((one) => one.kind === kind && one.instance === instance);
  const launch = (n: number) =>
    world.fleet.apply({ kind: 'start', group: 'spot', count: n, reason }, `${world.clock.now()}`);
  return { world, heard, gone, of, launch };
}

describe('a lost zone', () => {
  const lost: SpotEvent = { at: T0 + 3600, kind: 'zone-lost', zone: 'b' };
  const back: SpotEvent = { at: T0 + 7200, kind: 'zone-back', zone: 'b' };

  it('interrupts all Spot instances there within 3 min, each 100–118 s after its notice', async () => {
    const { world, gone, of } = market(90, [lost, back]);
    const there = world.fleet.all().filter(({ zone }) => zone === 'b');
    expect(there).toHaveLength(30);
    await world.runUntil(lost.at + 300);
    expect(gone.map(({ instance }) => instance).sort()).toEqual(there.map(({ id }) => id));
    let early = 0;
    for (const { instance, at } of gone) {
      const notice = of('notice', instance);
      const rebalance = of('rebalance', instance);
      expect(notice?.deadline).toBe(at);
      expect(at - (notice?.at ?? 0)).toBeGreaterThanOrEqual(100);
      expect(at - (notice?.at ?? 0)).toBeLessThanOrEqual(118);
      expect(notice?.at).toBeGreaterThanOrEqual(lost.at);
      expect(notice?.at).toBeLessThanOrEqual(lost.at + 180);
      expect(at % 1).toBe(0);
      const ahead = (notice?.at ?? 0) - (rebalance?.at ?? 0);
      expect(ahead).toBeGreaterThanOrEqual(0);
      expect(ahead).toBeLessThanOrEqual(1200);
      if (ahead > 0) early++;
    }
    // 70 % of 30.
    expect(early).toBeGreaterThan(12);
    expect(early).toBeLessThan(29);
  });

  it('refuses launches there until it is back, and what was launched too late goes too', async () => {
    const { world, launch } = market(0, [lost, back]);
    await world.runUntil(lost.at - 10);
    await launch(3);
    await world.runUntil(lost.at + 60);
    await launch(4);
    expect(
      world.fleet
        .all()
        .slice(-4)
        .map(({ zone }) => zone),
    ).toEqual(['a', 'c', 'a', 'c']);
    await world.runUntil(lost.at + 400);
    expect(world.fleet.all().filter(({ zone }) => zone === 'b')).toEqual([]);
    await world.runUntil(back.at);
    await launch(1);
    expect(world.fleet.all().at(-1)).toMatchObject({ zone: 'b', group: 'spot' });
  });

  it('with all others gone too lets launches come to nothing, as a Spot group without capacity does', async () => {
    const all = ['a', 'b', 'c'].map((zone): SpotEvent => ({ ...lost, zone }));
    const { world, launch } = market(0, all);
    await world.runUntil(lost.at);
    await launch(1);
    expect(world.fleet.all()).toEqual([]);
  });

  it('of a trace with other names stands for one of ours, in order; zones beyond ours are left out', async () => {
    const names = ['eu-1a', 'eu-1b', 'eu-1c', 'eu-1d'];
    const events = names.map((zone, i): SpotEvent => ({ at: T0 + 600 * (4 - i), kind: 'zone-lost', zone }));
    const { world } = market(30, events);
    const left = () => new Set(world.fleet.all().map(({ zone }) => zone));
    await world.runUntil(T0 + 1000);
    expect(left()).toEqual(new Set(['a', 'b', 'c']));
    await world.runUntil(T0 + 1200 + 300);
    expect(left()).toEqual(new Set(['a', 'b']));
    await world.runUntil(T0 + 1800 + 300);
    expect(left()).toEqual(new Set(['a']));
  });
});

it('a removal takes its share of the Spot instances, and no On-Demand ones', async () => {
  const { world, gone } = market(40, [{ at: T0 + 3600, kind: 'remove', share: 0.25 }]);
  world.fleet.seed('steady');
  await world.runUntil(T0 + 3600 + 200);
  expect(gone).toHaveLength(10);
  expect(world.fleet.all()).toHaveLength(31);
});

it('without a trace instances are interrupted at the rate of the settings', async () => {
  const { world, gone } = market(300, undefined, 0.5);
  await world.runUntil(T0 + DAY);
  // 300 × (1 − e^−½) = 118, give or take 8.
  expect(gone.length).toBeGreaterThan(90);
  expect(gone.length).toBeLessThan(146);
});

it('an interruption is recorded, with what its shard had back when the instance ended', async () => {
  const { world } = market(3, [{ at: T0 + 3600, kind: 'zone-lost', zone: 'a' }]);
  world.loadBalancer.seed('a', 'i-00000000:8080');
  world.loadBalancer.seed('a', 'i-00000001:8080');
  world.signals.rebalance = () => world.loadBalancer.seed('a', 'i-00000002:8080');
  await world.runUntil(T0 + 4000);
  expect(world.interruptions.records).toMatchObject([
    { instance: 'i-00000000', zone: 'a', shards: ['a'], slices: 1, absorbed: 1 },
  ]);
});
