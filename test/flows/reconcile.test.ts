import { describe, expect, it } from 'vitest';
import type { Ports } from '../../core/ports.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { watch } from '../world/invariants.ts';
import { ON_A, ON_B, READY, stage } from './stage.ts';

const run = async (world: Awaited<ReturnType<typeof stage>>) =>
  world.clock.settle(reconcile(world.ports, world.settings));

describe('reconciliation', () => {
  it('finds nothing in a world that is as it should be, and publishes nothing', async () => {
    const world = await stage();
    world.events.listener = () => expect.unreachable('published');
    expect(Object.values(await run(world)).flat()).toEqual([]);
  });

  it('removes the slices of an instance whose end nobody heard of', async () => {
    const world = await stage();
    world.signals.left = () => {};
    world.fail('i-00000000');
    expect((await run(world)).removed).toEqual([ON_A]);
    expect(await world.store.get(ON_A)).toBeUndefined();
    expect((await run(world)).removed).toEqual([]);
  });

  it('adds the slices of an instance whose arrival nobody heard of, once', async () => {
    const world = await stage();
    await world.store.remove(READY);
    expect((await run(world)).added).toEqual([READY]);
    expect((await world.store.get(READY))?.placement.kind).toBe('ready');
    expect((await run(world)).added).toEqual([]);
  });

  it('drains an unhealthy active slice and retires its instance', async () => {
    const world = await stage();
    world.sicken('i-00000000');
    const done = await run(world);
    expect(done).toMatchObject({ evicted: [ON_A], retired: ['i-00000000'], failures: [] });
    expect(await watch(world, world.clock.now() + 70)).toEqual([]);
    expect(world.fleet.get('i-00000000')).toBeUndefined();
    expect(await world.store.get(ON_A)).toBeUndefined();
    expect((await world.store.get(ON_B))?.placement.kind).toBe('active');
  });

  it('registers an active slice again that somebody took out', async () => {
    const world = await stage();
    await world.loadBalancer.deregister('a', ON_A);
    await world.runUntil(world.clock.now() + 61);
    expect((await run(world)).recovered).toEqual([ON_A]);
    await world.runUntil(world.clock.now() + 10);
    expect(await world.loadBalancer.health('a', ON_A)).toBe('healthy');
  });

  it('leaves alone what a workflow holds, and finishes it when the hold has run out', async () => {
    const world = await stage();
    const now = world.clock.now();
    const { version = 0 } = (await world.store.get(READY)) ?? {};
    await world.store.claim(READY, version, 'dead', now + 100);
    await world.store.put(READY, 'dead', { kind: 'activating', since: now, shard: 'a' });
    expect((await run(world)).recovered).toEqual([]);
    await world.runUntil(now + 101);
    expect((await run(world)).recovered).toEqual([READY]);
    expect(await world.store.get(READY)).toMatchObject({ placement: { kind: 'ready' } });
  });

  it('ends a reservation that has expired', async () => {
    const world = await stage();
    const now = world.clock.now();
    world.store.seed(READY, { kind: 'reserved', since: now, shard: 'a', until: now + 60 });
    expect((await run(world)).recovered).toEqual([]);
    await world.runUntil(now + 60);
    expect((await run(world)).recovered).toEqual([READY]);
  });

  it('expels slices that the settings have no more, and goes on where one fails', async () => {
    const world = await stage();
    world.store.seed('i-00000001:8090', { kind: 'ready', since: 0 });
    expect((await run(world)).removed).toEqual(['i-00000001:8090']);
    world.sicken('i-00000000');
    await world.store.remove(READY);
    world.ports.fleet.retire = () => Promise.reject(new Error('throttled'));
    const done = await run(world);
    expect(done.failures).toEqual([{ what: `reconcile ${ON_A}`, error: 'Error: throttled' }]);
    expect(done.added).toEqual([READY]);
  });

  it('forgets a slice whose host cannot clear up, and its instance goes', async () => {
    const world = await stage();
    const now = world.clock.now();
    world.store.seed(READY, { kind: 'draining', since: now, shard: 'a' });
    const ports = { ...world.ports, hosts: { run: async () => ({ ok: false, error: 'no agent' }) as const } };
    await world.clock.settle(reconcile(ports, world.settings));
    expect(await world.store.get(READY)).toBeUndefined();
    expect(world.fleet.get('i-00000002')?.state ?? 'gone').not.toBe('running');
    expect((await run(world)).added).toEqual([]);
  });

  it('asks no host to clear up that is to end', async () => {
    const world = await stage();
    await world.fleet.retire('i-00000000');
    const ports = { ...world.ports, hosts: { run: () => expect.unreachable('asked') } };
    for (let round = 0; round < 2; round++) {
      expect((await world.clock.settle(reconcile(ports, world.settings))).failures).toEqual([]);
      await world.runUntil(world.clock.now() + 61);
    }
    expect(await world.store.get(ON_A)).toBeUndefined();
  });

  it('looks after the others while one host does not answer', async () => {
    const world = await stage();
    const now = world.clock.now();
    world.store.seed(ON_A, { kind: 'draining', since: now, shard: 'a' });
    await world.loadBalancer.deregister('a', ON_A);
    await world.runUntil(now + 61);
    await world.store.remove(READY);
    world.sicken('i-00000001');
    const ports = { ...world.ports, hosts: { run: () => new Promise<never>(() => {}) } };
    void reconcile(ports, world.settings);
    await world.runUntil(world.clock.now() + 5);
    expect((await world.store.get(READY))?.placement.kind).toBe('ready');
    expect(world.fleet.get('i-00000001')?.state).not.toBe('running');
  });

  it('leaves a slice that has just arrived before its instance is listed', async () => {
    const world = await stage();
    const all = await world.fleet.list();
    const lagging = {
      ...world.ports,
      fleet: { ...world.fleet, list: async () => all.slice(0, 2) },
    } as unknown as Ports;
    const look = () => world.clock.settle(reconcile(lagging, world.settings));
    world.store.seed(READY, { kind: 'ready', since: world.clock.now() - 10 });
    expect((await look()).removed).toEqual([]);
    await world.runUntil(world.clock.now() + 60);
    expect((await look()).removed).toEqual([READY]);
  });

  it('takes back what a shard had that the settings have no more, also when it was switched to shadow', async () => {
    const world = await stage();
    const settings = { ...world.settings, shards: world.settings.shards.filter(({ name }) => name !== 'a') };
    const look = () => world.clock.settle(reconcile(world.ports, settings, { modes: { a: 'shadow' } }));
    await look();
    await world.runUntil(world.clock.now() + 61);
    await look();
    expect((await world.store.get(ON_A))?.placement.kind).toBe('ready');
  });
});

describe('a shard that is unhealthy all over', () => {
  /** Both instances serve `a`. */
  async function all() {
    const world = await stage();
    const since = world.clock.now();
    await world.loadBalancer.deregister('b', ON_B);
    await world.runUntil(since + 61);
    await world.loadBalancer.register('a', ON_B);
    world.store.seed(ON_B, { kind: 'active', since, shard: 'a' });
    await world.runUntil(world.clock.now() + 30);
    return world;
  }

  it('is not taken down: one slice is replaced, the next when it is seen what came of that', async () => {
    const world = await all();
    world.sicken('i-00000000');
    world.sicken('i-00000001');
    const first = await run(world);
    expect(first).toMatchObject({ evicted: [ON_A], retired: ['i-00000000'] });
    expect(first.failures).toMatchObject([{ what: 'health of shard a' }]);
    world.store.seed(READY, { kind: 'activating', since: world.clock.now(), shard: 'a' });
    expect((await run(world)).retired).toEqual([]);
    expect((await world.store.get(ON_B))?.placement.kind).toBe('active');
  });

  it('loses what is unhealthy where others are well', async () => {
    const world = await all();
    world.sicken('i-00000000');
    expect(await run(world)).toMatchObject({ retired: ['i-00000000'], failures: [] });
  });
});
