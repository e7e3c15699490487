import { describe, expect, it } from 'vitest';
import { layoutsOf } from '../../core/vm/layout.ts';
import { VmChanged, VmRefused, VmUnknown } from '../../core/vm/refused.ts';
import { readSnapshot } from '../../flows/snapshot.ts';
import { ON_A } from '../flows/stage.ts';
import { VM, vmStage } from './flow-stage.ts';
import { shard } from './stage.ts';

const A = `${VM}:8080`;
const B = `${VM}:8081`;

describe('allocateShards', () => {
  it('divides an instance: its slices are those that are declared from then on', async () => {
    const s = await vmStage();
    const vm = await s.flows.allocate(VM, [shard('a', { vCPU: 1 }), shard('b')]);
    expect(await s.vms.get(VM)).toEqual({ vm });
    expect(await s.kindOf(A)).toBe('ready');
    expect(await s.kindOf(B)).toBe('ready');
    expect(s.events).toMatchObject([
      { type: 'VmShardsAllocated', detail: { instance: VM, vmShards: ['a', 'b'], version: 1 } },
    ]);
    const layouts = layoutsOf(await s.vms.list());
    const { snapshot } = await readSnapshot(s.world.ports, s.settings, { layouts });
    const slices = snapshot.instances.flatMap((one) => ('slices' in one ? one.slices : []));
    expect(slices.filter(({ instance }) => instance === VM).map(({ id, share }) => [id, share])).toEqual([
      [A, 0.5],
      [B, 0.25],
    ]);
    expect(slices.find(({ id }) => id === ON_A)?.share).toBe(1);
    expect(Object.values(await s.reconcile()).flat()).toEqual([]);
  });

  it('changes nothing when it is repeated, and adds what is new', async () => {
    const s = await vmStage();
    const first = await s.flows.allocate(VM, [shard('a')]);
    expect(await s.flows.allocate(VM, [shard('a')])).toEqual(first);
    expect(s.events).toHaveLength(1);
    const second = await s.flows.allocate(VM, [shard('a'), shard('b')]);
    expect(second.version).toBe(2);
    expect(await s.kindOf(B)).toBe('ready');
  });

  it('is refused where the instance serves a shard as it is, and leaves it so', async () => {
    const s = await vmStage();
    const work = s.flows.allocate('i-00000000', [shard('a')]);
    await expect(work).rejects.toThrow(
      'expected an instance whose slices are all ready, got i-00000000:8080, active for a',
    );
    expect(await s.vms.get('i-00000000')).toBeUndefined();
    expect(await s.world.store.get(ON_A)).not.toHaveProperty('holder');
  });

  it('is refused where a workflow holds a slice', async () => {
    const s = await vmStage();
    const { version } = (await s.world.store.get(A))!;
    await s.world.store.claim(A, version, 'move/1', s.world.clock.now() + 60);
    await expect(s.flows.allocate(VM, [shard('a')])).rejects.toThrow('held by a workflow');
    expect((await s.world.store.get(A))?.holder).toBe('move/1');
  });

  it('knows which instances there are', async () => {
    const s = await vmStage();
    await expect(s.flows.allocate('i-9', [shard('a')])).rejects.toThrow(VmUnknown);
    await expect(s.flows.freeze(VM, 'a')).rejects.toThrow(VmUnknown);
    await s.flows.allocate(VM, [shard('a')]);
    await expect(s.flows.freeze(VM, 'x')).rejects.toThrow(VmUnknown);
    await expect(s.flows.allocate(VM, [shard('b')], undefined, 7)).rejects.toThrow(VmChanged);
  });

  it('takes what the agent has measured for the size', async () => {
    const s = await vmStage();
    await s.flows.allocate(VM, [shard('a')]);
    await s.beat(VM, {}, { size: { vCPU: 1, RAM: 4096, storage: 9000 } });
    await expect(s.flows.allocate(VM, [shard('b', { vCPU: 0.5 })])).rejects.toThrow(
      'free of 1 on i-00000002',
    );
  });

  it('of two at once both are there, and none twice', async () => {
    const s = await vmStage();
    await Promise.all([s.flows.allocate(VM, [shard('a')]), s.flows.allocate(VM, [shard('b')])]).catch(
      (error) =>
        // The one that finds the slices held by the other may say so.
        expect(error).toBeInstanceOf(VmRefused),
    );
    await s.flows.allocate(VM, [shard('a'), shard('b')]);
    const { vm } = (await s.vms.get(VM))!;
    expect(vm.shards.map(({ shardID }) => shardID).sort()).toEqual(['a', 'b']);
    expect(new Set(vm.shards.map(({ port }) => port)).size).toBe(2);
    expect(Object.values(await s.reconcile()).flat()).toEqual([]);
  });
});

describe('the lifecycle of a VM shard', () => {
  const serving = async () => {
    const s = await vmStage();
    await s.flows.allocate(VM, [shard('a'), shard('b')]);
    await s.serve(A, 'a');
    await s.serve(B, 'b');
    await s.beat(VM);
    return s;
  };
  /** Ticks until nothing changes any more. */
  const ticks = async (s: Awaited<ReturnType<typeof vmStage>>, count = 4) => {
    for (let i = 0; i < count; i++) {
      await s.world.runUntil(s.world.clock.now() + 60);
      expect((await s.reconcile()).failures).toEqual([]);
      expect(await s.settle()).toEqual([]);
      await s.beat(VM);
    }
  };

  it('is frozen once it is out of its traffic, and serves again when it is thawed', async () => {
    const s = await serving();
    expect((await s.flows.freeze(VM, 'a')).shards[0]?.state).toBe('freezing');
    expect(await s.settle()).toEqual([]);
    expect(await s.stateOf(VM, 'a')).toBe('freezing');
    await ticks(s);
    expect(await s.stateOf(VM, 'a')).toBe('frozen');
    expect(await s.kindOf(A)).toBe('ready');
    expect(await s.kindOf(B)).toBe('active');
    await s.flows.freeze(VM, 'a');
    await s.flows.thaw(VM, 'a');
    expect(await s.stateOf(VM, 'a')).toBe('running');
    expect(
      s.events.filter(({ type }) => type === 'VmShardChanged').map(({ detail }) => detail.state),
    ).toEqual(['freezing', 'frozen', 'running']);
  });

  it('is taken out of its traffic, then off the machine, then forgotten', async () => {
    const s = await serving();
    await s.flows.remove(VM, 'a');
    await s.world.runUntil(s.world.clock.now() + 60);
    await s.reconcile();
    await s.settle();
    // Still draining: the agent keeps it.
    expect(await s.stateOf(VM, 'a')).toBe('removing');
    await ticks(s);
    expect(await s.stateOf(VM, 'a')).toBeUndefined();
    expect(await s.world.store.get(A)).toBeUndefined();
    expect(s.events.at(-1)).toMatchObject({
      type: 'VmShardChanged',
      detail: { vmShard: 'a', state: 'gone' },
    });
    await s.flows.remove(VM, 'b');
    await ticks(s);
    // Divided into equal parts again.
    expect((await s.vms.get(VM))?.vm.shards).toEqual([]);
    expect(await s.kindOf(A)).toBe('ready');
    expect(await s.world.store.get(B)).toBeUndefined();
  });

  it('is not forgotten before its agent has taken it down', async () => {
    const s = await serving();
    await s.flows.remove(VM, 'a');
    for (let i = 0; i < 4; i++) {
      await s.world.runUntil(s.world.clock.now() + 60);
      await s.reconcile();
      await s.settle();
    }
    expect(await s.stateOf(VM, 'a')).toBe('removed');
    // A report of before says nothing, whatever it has.
    await s.settle();
    await s.beat(VM, {}, { version: 1 });
    await s.settle();
    expect(await s.stateOf(VM, 'a')).toBe('removed');
    await s.beat(VM);
    await s.settle();
    expect(await s.stateOf(VM, 'a')).toBeUndefined();
  });

  it('brings no capacity while it is interrupted, and keeps its instance', async () => {
    const s = await serving();
    await s.beat(VM, { a: { state: 'frozen' } });
    const layouts = layoutsOf(await s.vms.list());
    const { snapshot } = await readSnapshot(s.world.ports, s.settings, { layouts });
    expect(snapshot.held).toContain(A);
    expect(snapshot.held).not.toContain(B);
    const found = snapshot.instances.flatMap((one) => ('slices' in one ? one.slices : []));
    expect(found.find(({ id }) => id === A)?.share).toBe(0);
    // Its hooks would not answer: nobody asks them, and nobody takes its health for the instance's.
    s.world.sicken(VM);
    expect((await s.reconcile()).evicted).not.toContain(A);
    expect(await s.kindOf(A)).toBe('active');
  });

  it('goes alone when it is unhealthy', async () => {
    const s = await serving();
    s.world.sicken(VM);
    const done = await s.reconcile();
    expect([...done.evicted].sort()).toEqual([A, B]);
    expect(done.retired).toEqual([]);
  });

  it('is forgotten with its instance, once that is surely gone', async () => {
    const s = await serving();
    const instances = (await s.world.fleet.list()).filter(({ id }) => id !== VM);
    await s.settle({ instances });
    expect(await s.vms.get(VM)).toBeDefined();
    await s.world.runUntil(s.world.clock.now() + 600);
    await s.settle({ instances });
    expect(await s.vms.get(VM)).toBeUndefined();
  });

  it('is interrupted in the order of cost, what depends on it included', async () => {
    const s = await serving();
    const risk = (slice: string, name: string, total: number) =>
      ({ slice, shard: name, cost: { total } }) as never;
    await s.settle({ risks: [risk(A, 'a', 0.9), risk(B, 'b', 0.1)] });
    expect((await s.vms.get(VM))?.order).toEqual(['b', 'a']);
    await s.settle({ risks: [risk(A, 'a', 0.05), risk(B, 'b', 0.1)] });
    expect((await s.vms.get(VM))?.order).toEqual(['a', 'b']);
  });

  it('says who changed it meanwhile', async () => {
    const s = await serving();
    await expect(s.flows.resize(VM, 'a', { RAM: 1024 }, 1)).resolves.toMatchObject({ version: 2 });
    await expect(s.flows.resize(VM, 'a', { RAM: 512 }, 1)).rejects.toThrow('expected 2, got 1');
  });

  it('keeps every change of many at once', async () => {
    const s = await serving();
    await Promise.all([s.flows.resize(VM, 'a', { RAM: 1024 }), s.flows.freeze(VM, 'b'), s.beat(VM)]);
    const { vm } = (await s.vms.get(VM))!;
    expect(vm.version).toBe(3);
    expect(vm.shards).toMatchObject([{ RAM: 1024, state: 'running' }, { state: 'freezing' }]);
  });
});
