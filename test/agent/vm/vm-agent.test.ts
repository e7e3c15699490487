import { describe, expect, it } from 'vitest';
import { VmItems } from '../../../adapters/aws/vm-items.ts';
import { cgroupsOf } from '../../../agent/vm/cgroups-of.ts';
import { VmAgent } from '../../../agent/vm/vm-agent.ts';
import { resize, vmShardTo } from '../../../core/vm/lifecycle.ts';
import type { VmInstance } from '../../../core/vm/shard.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';
import { allocated, LARGE, policyOf, shard, vmSettings } from '../../vm/stage.ts';
import { FakeMachine } from './fake-machine.ts';

const settings = vmSettings();
const SLICE = 'foreshard-a.slice';

async function stage(machine = new FakeMachine(), vms = new VmItems(new MemoryTable()), some = settings) {
  const errors: string[] = [];
  let now = 1000;
  const agent = new VmAgent({
    instance: 'i-1',
    vms,
    settings: async () => some,
    machine,
    cgroups: await cgroupsOf(machine),
    now: () => now,
    log: { info: () => {}, warn: () => {}, error: (event) => errors.push(event) },
  });
  await agent.start();
  const stored = async () => (await vms.get('i-1'))!;
  return {
    machine,
    vms,
    agent,
    errors,
    report: async () => (await stored()).report!,
    change: async (make: (vm: VmInstance) => VmInstance) => {
      expect(await vms.put(make((await stored()).vm))).toBe(true);
      await agent.beat();
    },
    look: async (used: number) => {
      machine.used = used;
      now += 100;
      await agent.look();
      await agent.beat();
    },
  };
}

async function running(...shards: Parameters<typeof shard>[]) {
  const s = await stage();
  await s.vms.put(allocated(shards.map((one) => shard(...one))));
  await s.agent.beat();
  return s;
}

describe('the agent of VM shards', () => {
  it.each([
    ['shardID', '../../../etc'],
    ['shardID', 'a\nExecStart=/bin/sh'],
    ['applicationComponent', '__proto__'],
    ['RAM', '16M\nUser=root'],
    ['port', '8080\nUser=root'],
  ])('puts nothing on the machine whose %s is %j: any instance can write the table', async (field, value) => {
    const { machine, agent, vms } = await running(['a']);
    const before = new Map(machine.files);
    const { vm } = (await vms.get('i-1'))!;
    const shards = [{ ...vm.shards[0]!, [field]: value }];
    expect(await vms.put({ ...vm, shards, version: vm.version + 1 } as VmInstance)).toBe(true);
    await expect(agent.beat()).rejects.toThrow(`shards[0].${field}`);
    expect(machine.files).toEqual(before);
    expect([...machine.running]).toEqual(['search@a.service']);
  });

  it('puts them on the machine, and says what is in force there', async () => {
    const { machine, report } = await running(['a'], ['b', { storage: 0 }]);
    expect([...machine.running]).toEqual(['search@a.service', 'search@b.service']);
    const { shards, size, version, cgroup } = await report();
    expect({ size, version, cgroup }).toEqual({ size: LARGE, version: 1, cgroup: 2 });
    expect(shards.a).toEqual({
      state: 'running',
      version: 1,
      restarts: 0,
      memory: 0,
      kills: 0,
      inForce: { vCPU: 0.5, cpuWeight: 250, RAM: 2048, tasks: 1024, storage: 1024 },
    });
    expect(shards.b?.inForce).not.toHaveProperty('storage');
  });

  it('asks the machine for nothing when nothing has changed', async () => {
    const { machine, agent } = await running(['a']);
    machine.commands.length = 0;
    await agent.beat();
    expect(machine.commands.filter((line) => !line.startsWith('systemctl show'))).toEqual([]);
  });

  it('changes limits live, without a restart', async () => {
    const { machine, change, report } = await running(['a'], ['b']);
    machine.commands.length = 0;
    await change((vm) => resize(vm, 'a', { RAM: 1024 }, settings));
    expect((await report()).shards.a).toMatchObject({ version: 2, inForce: { RAM: 1024 } });
    expect(machine.commands.filter((line) => line.includes('set-property'))).toHaveLength(1);
    expect(machine.commands.join()).not.toMatch(/systemctl (stop|start --no-block)/);
    expect(machine.files.get(`/etc/systemd/system/${SLICE}`)).toContain('MemoryMax=1024M');
  });

  it('freezes and thaws one, and leaves the other alone', async () => {
    const { machine, change, report } = await running(['a'], ['b']);
    await change((vm) => vmShardTo(vm, 'a', 'frozen', 0));
    expect(machine.files.get(`${machine.group(SLICE)}/cgroup.freeze`)).toBe('1');
    expect(await report()).toMatchObject({ shards: { a: { state: 'frozen' }, b: { state: 'running' } } });
    await change((vm) => vmShardTo(vm, 'a', 'running', 0));
    expect(machine.files.get(`${machine.group(SLICE)}/cgroup.freeze`)).toBe('0');
  });

  it('lets nobody but root read the disk of one, from before anything is on it', async () => {
    const { machine } = await running(['a']);
    const at = (start: string) => machine.commands.findIndex((line) => line.startsWith(start));
    expect(at('chmod 600 /var/lib/foreshard/vm/a.img')).toBeGreaterThan(at('fallocate'));
    expect(at('chmod 600 /var/lib/foreshard/vm/a.img')).toBeLessThan(at('mkfs.ext4'));
  });

  it('starts nothing whose disk only the agent would see', async () => {
    const s = await stage();
    s.machine.sharesMounts = false;
    await s.vms.put(allocated([shard('a')]));
    await s.agent.beat();
    await s.agent.beat();
    expect((await s.report()).shards.a?.error).toContain('only the agent sees it');
    expect([...s.machine.running]).toEqual([]);
    const mounts = s.machine.commands.filter((line) => line.startsWith('mount'));
    expect(s.machine.commands.filter((line) => line.startsWith('umount'))).toHaveLength(mounts.length);
  });

  it('takes away all of one that is removed, frozen or not', async () => {
    const { machine, change, report } = await running(['a'], ['b']);
    await change((vm) => vmShardTo(vm, 'a', 'frozen', 0));
    await change((vm) => vmShardTo(vm, 'a', 'removed', 0));
    expect(Object.keys((await report()).shards)).toEqual(['b']);
    const left = [...machine.files.keys()].filter((path) => /foreshard-a|search@a|vm\/a/.test(path));
    expect(left).toEqual([]);
    expect(machine.files.get('/proc/1/mounts')).not.toContain('vm/a');
    expect([...machine.running]).toEqual(['search@b.service']);
  });

  it('keeps the disk of one that moves; says what it cannot take away, and tries again', async () => {
    const { machine, agent, change, report, errors } = await running(['a'], ['b']);
    const image = '/var/lib/foreshard/vm/a.img';
    await change((vm) => vmShardTo(vm, 'a', 'moving', 0, 'i-2:8080'));
    expect(machine.files.has(image)).toBe(true);
    machine.failing.push('umount');
    await change((vm) => vmShardTo(vm, 'a', 'removed', 0));
    await agent.beat();
    expect(machine.files.has(image)).toBe(true);
    expect((await report()).shards.a?.error).toContain('umount');
    expect(errors).toEqual(['vm-shard-not-removed']);
    machine.failing.length = 0;
    await agent.beat();
    expect([...machine.files.keys()].filter((path) => path.includes('vm/a'))).toEqual([]);
    expect(machine.files.get('/proc/1/mounts')).not.toContain('vm/a');
    await agent.beat();
    expect(Object.keys((await report()).shards)).toEqual(['b']);
  });

  it('says what fails for one, goes on with the others, and tries again', async () => {
    const s = await stage();
    s.machine.failing.push('fallocate -l 1073741824 /var/lib/foreshard/vm/a.img');
    await s.vms.put(allocated([shard('a'), shard('b', { storage: 512 })]));
    await s.agent.beat();
    await s.agent.beat();
    const { shards } = await s.report();
    expect(shards.a).toMatchObject({ state: 'failed', version: 0 });
    expect(shards.a?.error).toContain('fallocate');
    expect(shards.b?.state).toBe('running');
    expect(s.errors).toEqual(['vm-shard-failed']);
    s.machine.failing.length = 0;
    await s.agent.beat();
    await s.agent.beat();
    expect((await s.report()).shards.a).toMatchObject({ state: 'running', version: 1 });
    expect((await s.report()).shards.a).not.toHaveProperty('error');
  });

  it('starts what has ended', async () => {
    const { machine, agent, report } = await running(['a']);
    machine.running.delete('search@a.service');
    await agent.beat();
    expect((await report()).shards.a?.state).toBe('failed');
    await agent.beat();
    expect((await report()).shards.a?.state).toBe('running');
  });

  it('begins anew with what is on the machine: takes away what is not wanted any more', async () => {
    const before = await running(['a'], ['b']);
    const again = await stage(before.machine, before.vms);
    await again.change((vm) => vmShardTo(vm, 'a', 'removed', 0));
    expect(Object.keys((await again.report()).shards)).toEqual(['b']);
    expect([...again.machine.running]).toEqual(['search@b.service']);
  });

  it('leaves everything as it is when the table does not know the instance, or does not answer', async () => {
    const { machine, vms, agent } = await running(['a']);
    await vms.remove('i-1', 1);
    await agent.beat();
    expect([...machine.running]).toEqual(['search@a.service']);
    vms.report = () => Promise.reject(new Error('no answer'));
    await expect(agent.beat()).rejects.toThrow('no answer');
    expect([...machine.running]).toEqual(['search@a.service']);
  });

  it('asks the table for nothing where a service has no VM shards', async () => {
    const vms = new VmItems(new MemoryTable());
    vms.report = () => Promise.reject(new Error('asked'));
    const { agent } = await stage(new FakeMachine(), vms, vmSettings({ maxPerInstance: 0 }));
    await agent.beat();
  });
});

describe('under pressure', () => {
  const pressed = async () => {
    const s = await running(['a'], ['b']);
    await s.change((vm) => ({
      ...vm,
      version: vm.version + 1,
      overallInterruptibilityPolicy: policyOf({ settle: 1, relief: 1 }),
    }));
    await s.vms.rank('i-1', ['b', 'a']);
    await s.agent.beat();
    return s;
  };
  const states = async ({ report }: Awaited<ReturnType<typeof pressed>>) => {
    const { shards } = await report();
    return [shards.a?.state, shards.b?.state];
  };
  const high = ({ machine }: Awaited<ReturnType<typeof pressed>>) =>
    Number(machine.files.get(`${machine.group('foreshard-b.slice')}/memory.high`)) >> 20;

  it('freezes, shrinks and evicts the cheapest, then the next, and takes it back', async () => {
    const s = await pressed();
    await s.look(0.99);
    expect(await states(s)).toEqual(['running', 'frozen']);
    expect((await s.report()).pressureSince).toBeGreaterThan(0);
    await s.look(0.99);
    expect(high(s)).toBe(1024);
    await s.look(0.99);
    expect(await states(s)).toEqual(['running', 'evicted']);
    expect([...s.machine.running]).toEqual(['search@a.service']);
    await s.look(0.99);
    expect(await states(s)).toEqual(['frozen', 'evicted']);
    await s.look(0.3);
    expect(await states(s)).toEqual(['running', 'evicted']);
    await s.look(0.3);
    expect(await states(s)).toEqual(['running', 'running']);
    expect(high(s)).toBe(1945);
    expect(await s.report()).not.toHaveProperty('pressureSince');
  });

  it('is what all VM shards together use of what they may, too', async () => {
    const s = await pressed();
    s.machine.files.set(`${s.machine.group('foreshard.slice')}/memory.current`, `${7600 * (1 << 20)}`);
    await s.look(0.1);
    expect(await states(s)).toEqual(['running', 'frozen']);
  });

  it('counts no memory that can be taken back at once', async () => {
    const s = await pressed();
    const at = s.machine.group('foreshard.slice');
    s.machine.files.set(`${at}/memory.current`, `${7600 * (1 << 20)}`);
    s.machine.files.set(`${at}/memory.stat`, `anon 5\ninactive_file ${3000 * (1 << 20)}\n`);
    await s.look(0.1);
    expect(await states(s)).toEqual(['running', 'running']);
  });

  it('lets go of what moves, because it has to answer', async () => {
    const s = await pressed();
    await s.look(0.99);
    await s.change((vm) => vmShardTo(vm, 'b', 'moving', 0, 'i-2:8080'));
    expect(await states(s)).toEqual(['running', 'running']);
    await s.look(0.99);
    expect(await states(s)).toEqual(['frozen', 'running']);
  });
});
