import { describe, expect, it } from 'vitest';
import { OTHER, VM, vmStage } from './flow-stage.ts';
import { shard } from './stage.ts';

const SOURCE = `${VM}:8080`;
const TARGET = `${OTHER}:8080`;

async function serving(handOver: 'none' | 'copy') {
  const s = await vmStage(handOver);
  await s.flows.allocate(VM, [shard('x'), shard('y')]);
  await s.serve(SOURCE, 'a');
  await s.beat(VM);
  return s;
}
type Stage = Awaited<ReturnType<typeof serving>>;

/** A minute goes by. */
async function tick(s: Stage) {
  await s.world.runUntil(s.world.clock.now() + 60);
  expect((await s.reconcile()).failures).toEqual([]);
  expect(await s.settle()).toEqual([]);
}
/** What the machine `hand-over` leaves: the target serves, the source is free. */
async function handOver(s: Stage) {
  await s.serve(TARGET, 'a');
  await s.place(SOURCE, { kind: 'draining', since: 0, shard: 'a' });
  await s.world.loadBalancer.deregister('a', SOURCE);
  await s.place(SOURCE, { kind: 'ready', since: 0 });
}

describe('moving a VM shard', () => {
  it('with state: its twin is reserved, the hand-over brings everything over, and it is removed', async () => {
    const s = await serving('copy');
    const vm = await s.flows.move(VM, 'x', OTHER);
    expect(vm.shards[0]).toMatchObject({ state: 'moving', movesTo: TARGET });
    await tick(s);
    // The twin is not up yet.
    expect(s.handOvers).toEqual([]);
    await s.beat(OTHER);
    await tick(s);
    expect((await s.world.store.get(TARGET))?.placement).toMatchObject({ kind: 'reserved', shard: 'a' });
    expect(s.orders.get(SOURCE)).toBe(TARGET);
    expect(s.handOvers).toMatchObject([{ cause: 'planned', slices: [SOURCE] }]);
    await tick(s);
    expect(s.handOvers).toHaveLength(1);
    await handOver(s);
    await tick(s);
    expect(await s.stateOf(VM, 'x')).toBe('removed');
    expect(s.orders.size).toBe(0);
    expect((await s.vms.get(OTHER))?.vm.shards).toMatchObject([{ shardID: 'x', state: 'running' }]);
    expect((await s.vms.get(OTHER))?.vm.shards[0]).not.toHaveProperty('movesFrom');
    await s.beat(VM);
    await tick(s);
    expect((await s.vms.get(VM))?.vm.shards.map(({ shardID }) => shardID)).toEqual(['y']);
    expect(await s.kindOf(TARGET)).toBe('active');
  });

  it('without state: its twin serves before it leaves', async () => {
    const s = await serving('none');
    await s.flows.move(VM, 'x');
    await s.beat(OTHER);
    await tick(s);
    expect(s.handOvers).toEqual([]);
    await tick(s);
    expect(await s.kindOf(TARGET)).toBe('active');
    expect(s.handOvers).toHaveLength(1);
    expect(await s.kindOf(SOURCE)).toBe('active');
  });

  it('of what serves nobody is done at once', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'y', OTHER);
    await tick(s);
    expect(await s.stateOf(VM, 'y')).toBe('removed');
    expect(s.handOvers).toEqual([]);
  });

  it('is undone when the twin does not come up', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'x', OTHER);
    await s.beat(OTHER, { x: { state: 'failed', error: 'no disk' } });
    for (let i = 0; i < 12; i++) await tick(s);
    expect(await s.stateOf(VM, 'x')).toBe('running');
    expect(await s.kindOf(SOURCE)).toBe('active');
    expect(await s.stateOf(OTHER, 'x')).toBe('removed');
    await s.beat(OTHER);
    await tick(s);
    await tick(s);
    expect((await s.vms.get(OTHER))?.vm.shards).toEqual([]);
    expect(await s.kindOf(TARGET)).toBe('ready');
  });

  it('is undone when the hand-over does not get through', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'x', OTHER);
    await s.beat(OTHER);
    for (let i = 0; i < 48; i++) await tick(s);
    expect(await s.stateOf(VM, 'x')).toBe('running');
    expect(await s.kindOf(SOURCE)).toBe('active');
    expect(s.orders.size).toBe(0);
    expect(await s.stateOf(OTHER, 'x')).toBe('removed');
  });

  it('that was killed between the twin and the mark leaves no twin', async () => {
    const s = await serving('copy');
    const put = s.vms.put.bind(s.vms);
    s.vms.put = async (vm) => {
      if (vm.instanceID === VM) throw new Error('killed');
      return put(vm);
    };
    await expect(s.flows.move(VM, 'x', OTHER)).rejects.toThrow('killed');
    s.vms.put = put;
    expect(await s.stateOf(OTHER, 'x')).toBe('running');
    for (let i = 0; i < 8; i++) {
      await tick(s);
      await s.beat(OTHER);
    }
    expect((await s.vms.get(OTHER))?.vm.shards).toEqual([]);
    expect(await s.stateOf(VM, 'x')).toBe('running');
  });

  it('goes on when it was killed, or is asked for again', async () => {
    const s = await serving('copy');
    const first = await s.flows.move(VM, 'x', OTHER);
    expect(await s.flows.move(VM, 'x', OTHER)).toEqual(first);
    await expect(s.flows.freeze(VM, 'x')).rejects.toThrow('not being moved');
    await expect(s.flows.remove(OTHER, 'x')).rejects.toThrow('not being moved');
  });

  it('is refused where there is no room, or no other instance', async () => {
    const s = await serving('copy');
    await expect(s.flows.move(VM, 'x', VM)).rejects.toThrow('where it is');
    await s.flows.allocate(OTHER, [shard('big', { RAM: 7000 })]);
    await expect(s.flows.move(VM, 'x', OTHER)).rejects.toThrow('shards[0].RAM');
    await expect(s.flows.move(VM, 'x')).rejects.toThrow('to: expected another instance with room');
    expect(await s.stateOf(VM, 'x')).toBe('running');
    await s.flows.allocate(OTHER, [shard('y', { RAM: 100, vCPU: 0.1, storage: 0 })]);
    await expect(s.flows.move(VM, 'y', OTHER)).rejects.toThrow('shards[0]');
  });

  it('is what happens to the first that was interrupted under pressure', async () => {
    const s = await serving('copy');
    await s.beat(VM, { x: { state: 'frozen', step: 'freeze' } }, { pressureSince: 0 });
    await s.settle({ mayTouch: () => false });
    expect(await s.stateOf(VM, 'x')).toBe('running');
    await s.settle();
    expect(await s.stateOf(VM, 'x')).toBe('moving');
    expect(await s.stateOf(OTHER, 'x')).toBe('running');
  });
});
