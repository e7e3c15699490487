import { describe, expect, it } from 'vitest';
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
});
