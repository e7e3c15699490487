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

  it('of what serves nobody is done once its twin is up, not before: its disk goes with it', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'y', OTHER);
    for (let i = 0; i < 3; i++) {
      await tick(s);
      expect(await s.stateOf(VM, 'y')).toBe('moving');
    }
    await s.beat(OTHER);
    await tick(s);
    expect(await s.stateOf(VM, 'y')).toBe('removed');
    expect(s.handOvers).toEqual([]);
  });

  it('of what serves nobody is undone when the twin does not come up', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'y', OTHER);
    await s.beat(OTHER, { y: { state: 'failed', error: 'no disk' } });
    for (let i = 0; i < 12; i++) await tick(s);
    expect(await s.stateOf(VM, 'y')).toBe('running');
    expect(await s.stateOf(OTHER, 'y')).toBe('removed');
  });

  it('of what held no state brings its twin into service before it goes', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'x', OTHER);
    await s.beat(OTHER);
    await tick(s);
    // The machine `hand-over` has found no slots, and has taken it out.
    await s.place(SOURCE, { kind: 'draining', since: 0, shard: 'a' });
    await s.world.loadBalancer.deregister('a', SOURCE);
    await s.place(SOURCE, { kind: 'ready', since: 0 });
    await tick(s);
    expect(await s.stateOf(VM, 'x')).toBe('moving');
    await tick(s);
    expect(await s.kindOf(TARGET)).toBe('active');
    expect(await s.stateOf(VM, 'x')).toBe('removed');
  });

  it('leaves alone a twin that serves, where the shard has not left in time', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'x', OTHER);
    await s.beat(OTHER);
    await tick(s);
    await s.serve(TARGET, 'a');
    for (let i = 0; i < 48; i++) await tick(s);
    expect([await s.stateOf(VM, 'x'), await s.stateOf(OTHER, 'x')]).toEqual(['running', 'running']);
    expect(await s.kindOf(TARGET)).toBe('active');
  });

  it('says what its agent cannot take down, and is over when that is gone', async () => {
    const s = await serving('copy');
    await s.flows.move(VM, 'y', OTHER);
    await s.beat(OTHER);
    await tick(s);
    const { version } = (await s.vms.get(VM))!.vm;
    const left = { y: { state: 'failed', version: 0, error: 'umount: target is busy' } } as const;
    const { vms } = s;
    const report = (await vms.get(VM))!.report!;
    await vms.report(VM, { ...report, version, shards: { ...report.shards, ...left } });
    expect(await s.settle()).toEqual([
      { what: `VM shard ${VM}/y, removed`, error: expect.stringContaining('umount: target is busy') },
    ]);
    expect(await s.stateOf(VM, 'y')).toBe('removed');
    await s.beat(VM);
    await tick(s);
    expect((await vms.get(VM))?.vm.shards.map(({ shardID }) => shardID)).toEqual(['x']);
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

/** One call of all that the flows make fails: it has no effect, or its answer is lost. */
function breakCall(s: Stage, at: number, how: 'before' | 'after') {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method = Reflect.get(target, name, target) as unknown;
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          const mine = calls++ === at;
          if (mine && how === 'before') throw new Error('no effect');
          const answer: unknown = await method.apply(target, args);
          if (mine) throw new Error('answer lost');
          return answer;
        };
      },
    });
  const { ports, vms } = s.parts;
  const { store, agents, workflows, events } = ports;
  const broken = {
    store: wrap(store),
    agents: wrap(agents),
    workflows: wrap(workflows),
    events: wrap(events),
  };
  Object.assign(s.parts, { ports: { ...ports, ...broken }, vms: wrap(vms) });
  return { mend: () => Object.assign(s.parts, { ports, vms }), calls: () => calls };
}

describe('a move in which one call fails', () => {
  it.each(['before', 'after'] as const)('comes to its end all the same: %s', async (how) => {
    let broken = 0;
    for (let at = 0; ; at++) {
      const s = await serving('copy');
      const { calls, mend } = breakCall(s, at, how);
      await s.flows.move(VM, 'x', OTHER).catch(() => {});
      for (let i = 0; i < 14; i++) {
        await s.world.runUntil(s.world.clock.now() + 60);
        await s.reconcile();
        await s.settle();
        for (const id of [VM, OTHER]) if (await s.vms.get(id)) await s.beat(id);
        if (i === 3 && (await s.stateOf(VM, 'x')) === 'running')
          await s.flows.move(VM, 'x', OTHER).catch(() => {});
        if (s.handOvers.length > 0 && (await s.kindOf(SOURCE)) === 'active') await handOver(s);
      }
      const here = (await s.vms.get(VM))!.vm.shards.map(({ shardID }) => shardID);
      const there = (await s.vms.get(OTHER))?.vm.shards ?? [];
      expect([at, here]).toEqual([at, ['y']]);
      expect(there).toMatchObject([{ shardID: 'x', state: 'running' }]);
      expect(there[0]).not.toHaveProperty('movesFrom');
      expect(await s.kindOf(TARGET)).toBe('active');
      expect(await s.world.store.get(SOURCE)).toBeUndefined();
      expect(s.orders.size).toBe(0);
      broken = at;
      if (calls() <= at) break;
      mend();
    }
    expect(broken).toBeGreaterThan(20);
  });
});
