import { describe, expect, it } from 'vitest';
import { HOUR } from '../../core/time.ts';
import { OTHER, VM, vmStage } from './flow-stage.ts';
import { shard, vmSettings } from './stage.ts';

const SOURCE = `${VM}:8080`;
const TARGET = `${OTHER}:8080`;

async function serving() {
  const s = await vmStage('copy');
  await s.flows.allocate(VM, [shard('x')]);
  await s.serve(SOURCE, 'a');
  await s.beat(VM);
  return s;
}
type Stage = Awaited<ReturnType<typeof serving>>;

async function ticks(s: Stage, count: number) {
  for (let i = 0; i < count; i++) {
    await s.world.runUntil(s.world.clock.now() + 60);
    expect((await s.reconcile()).failures).toEqual([]);
    expect(await s.settle()).toEqual([]);
    await s.beat(OTHER);
  }
}
const inAnHour = (s: Stage) => s.world.clock.now() + HOUR;

describe('room held for a VM shard', () => {
  it('is a twin on another instance, whose slice is reserved for what the shard serves', async () => {
    const s = await serving();
    const until = inAnHour(s);
    expect(await s.flows.reserve(VM, 'x', until)).toEqual({ slice: TARGET, until });
    await ticks(s, 3);
    expect((await s.world.store.get(TARGET))?.placement).toMatchObject({ kind: 'reserved', shard: 'a' });
    expect(s.orders.get(SOURCE)).toBe(TARGET);
    expect(s.handOvers).toEqual([]);
    expect(await s.stateOf(VM, 'x')).toBe('running');
  });

  it('is for what the shard will need, not for what it has', async () => {
    const s = await serving();
    const usage = {
      vCPU: { p50: 0.1, p95: 1 },
      RAM: { p50: 100, p95: 4000 },
      storage: { p50: 0, p95: 100 },
    };
    const components = { search: { unit: 'search@.service', usage } };
    Object.assign(s.settings.vm, vmSettings({ margin: 0, components }).vm);
    await s.flows.reserve(VM, 'x', inAnHour(s));
    expect((await s.vms.get(OTHER))?.vm.shards).toMatchObject([{ vCPU: 1, RAM: 4000, storage: 1024 }]);
  });

  it('is prolonged by a repeat, and ends by itself', async () => {
    const s = await serving();
    const until = inAnHour(s);
    await s.flows.reserve(VM, 'x', until);
    await s.flows.reserve(VM, 'x', until + HOUR);
    expect(await s.flows.reserve(VM, 'x', until)).toEqual({ slice: TARGET, until: until + HOUR });
    expect((await s.vms.get(OTHER))?.vm.shards).toHaveLength(1);
    await ticks(s, 119);
    expect(await s.stateOf(OTHER, 'x')).toBe('running');
    await ticks(s, 6);
    expect((await s.vms.get(OTHER))?.vm.shards).toEqual([]);
    expect(await s.kindOf(TARGET)).toBe('ready');
    expect(s.orders.size).toBe(0);
  });

  it('is what a move takes', async () => {
    const s = await serving();
    await s.flows.reserve(VM, 'x', inAnHour(s));
    await ticks(s, 2);
    const vm = await s.flows.move(VM, 'x');
    expect(vm.shards[0]).toMatchObject({ state: 'moving', movesTo: TARGET });
    await ticks(s, 1);
    expect(s.handOvers).toHaveLength(1);
  });

  it('stays when its instance is taken and it has taken over', async () => {
    const s = await serving();
    await s.flows.reserve(VM, 'x', inAnHour(s));
    await ticks(s, 2);
    await s.serve(TARGET, 'a');
    await s.world.store.remove(SOURCE);
    await s.vms.remove(VM, 1);
    await ticks(s, 100);
    const [twin] = (await s.vms.get(OTHER))!.vm.shards;
    expect(twin).toMatchObject({ shardID: 'x', state: 'running' });
    expect(twin).not.toHaveProperty('movesFrom');
    expect(twin).not.toHaveProperty('heldUntil');
    expect(await s.kindOf(TARGET)).toBe('active');
  });

  it('is held by itself when AWS recommends to leave the instance', async () => {
    const s = await serving();
    const instances = (await s.world.fleet.list()).map((one) =>
      one.id === VM ? { ...one, rebalanceAt: s.world.clock.now() } : one,
    );
    expect(await s.settle({ instances, mayTouch: () => false })).toEqual([]);
    expect(await s.vms.get(OTHER)).toBeUndefined();
    expect(await s.settle({ instances })).toEqual([]);
    const { vm } = (await s.vms.get(OTHER))!;
    expect(vm.shards).toMatchObject([{ shardID: 'x', movesFrom: SOURCE }]);
    expect(await s.settle({ instances })).toEqual([]);
    expect((await s.vms.get(OTHER))?.vm.version).toBe(vm.version);
  });

  it('is refused with what is missing where nobody has room', async () => {
    const s = await serving();
    await s.flows.allocate(OTHER, [shard('big', { RAM: 7000 })]);
    await expect(s.flows.reserve(VM, 'x', inAnHour(s))).rejects.toThrow(
      'to: expected another instance with room, in another Spot pool, got none with 0.5 vCPU, 2048 MiB',
    );
  });
});
