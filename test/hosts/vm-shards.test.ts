import { readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import { cgroupsOf } from '../../agent/vm/cgroups-of.ts';
import { CommandFailed, type Machine } from '../../agent/vm/machine.ts';
import { VmAgent } from '../../agent/vm/vm-agent.ts';
import { resize, vmShardTo } from '../../core/vm/lifecycle.ts';
import type { VmReport } from '../../core/vm/report.ts';
import type { VmInstance, VmShardRequest } from '../../core/vm/shard.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { allocated, policyOf, shard, vmSettings } from '../vm/stage.ts';
import type { Host } from './rig/host.ts';
import { eventually } from './rig/processes.ts';
import { makeRig, type Rig } from './rig/rig.ts';

const prepared = inject('prepared');
const settings = vmSettings({ components: { search: { unit: 'search@.service' } } });

/** The component: takes memory (MiB) or burns CPU as it is told by a file, and says that it lives. */
const APP = `
import sys, time, os, multiprocessing
name = sys.argv[1]
def told():
    try: return open('/run/told-' + name).read().split()
    except FileNotFoundError: return []
def burn():
    while True: pass
held, burning = b'', None
while True:
    open('/run/alive-' + name, 'w').write(str(time.monotonic()))
    for word in told():
        kind, n = word.split('=')
        if kind == 'mib' and len(held) != int(n) << 20: held = b'\\x01' * (int(n) << 20)
        if kind == 'burn' and burning is None: burning = [multiprocessing.Process(target=burn, daemon=True).start() for _ in range(int(n))]
    time.sleep(0.05)
`;
const UNIT = `[Service]
ExecStart=/usr/bin/python3 /opt/app.py %i
Restart=always
RestartSec=100ms
`;

/** A host of the rig as the agent's machine. */
function machineOf(host: Host): Machine {
  const orElse = <T, E>(work: Promise<T>, nothing: E) =>
    work.catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENODEV') return nothing;
      throw error;
    });
  return {
    run: async (command, args) => {
      const { code, stdout, stderr } = await host.try(command, ...args);
      if (code !== 0) throw new CommandFailed(`${command} ${args.join(' ')}: ${code}: ${stderr}`);
      return stdout;
    },
    read: (path) => orElse(readFile(host.path(path), 'utf8'), undefined),
    write: async (path, text) => {
      await host.write(`${path}.half`, text);
      await rename(host.path(`${path}.half`), host.path(path));
    },
    poke: (path, text) => writeFile(host.path(path), text, { flag: 'r+' }),
    list: (path) => orElse(readdir(host.path(path)), []),
    makeDirectory: async (path) => void (await host.run('mkdir', '-p', path)),
    remove: (path) => rm(host.path(path), { recursive: true, force: true }),
    bytesOf: async (path) => {
      const { blocks, bsize } = await statfs(host.path(path));
      return blocks * bsize;
    },
  };
}

describe.skipIf(prepared === null)('VM shards on a host', () => {
  let rig: Rig;
  let host: Host;
  let agent: VmAgent;
  let vms: VmItems;
  let now = 1000;

  beforeAll(async () => {
    rig = await makeRig(prepared as NonNullable<typeof prepared>, ['us-east-1a']);
    host = rig.hosts[0] as Host;
    await host.boot();
    await host.write('/opt/app.py', APP);
    await host.write('/etc/systemd/system/search@.service', UNIT);
    vms = new VmItems(new MemoryTable());
    const machine = machineOf(host);
    agent = new VmAgent({
      instance: 'i-1',
      vms,
      settings: async () => settings,
      machine,
      cgroups: await cgroupsOf(machine),
      now: () => now,
      log: { info: () => {}, warn: () => {}, error: (event, fields) => console.error(event, fields) },
    });
    await agent.start();
    await put(
      allocated([
        small('a', { vCPU: 0.2 }),
        small('b', { vCPU: 0.6, priority: 200 }),
        small('team-c', { vCPU: 0.1, priority: 50 }),
      ]),
    );
  });
  afterAll(() => rig?.close());

  const small = (id: string, some: Partial<VmShardRequest> = {}) =>
    shard(id, { vCPU: 0.2, RAM: 96, storage: 0, ...some });
  const put = async (vm: VmInstance) => {
    expect(await vms.put(vm)).toBe(true);
    await agent.beat();
  };
  const stored = async () => (await vms.get('i-1'))!;
  const reported = async (): Promise<VmReport> => (await stored()).report!;
  const change = async (make: (vm: VmInstance) => VmInstance) => put(make((await stored()).vm));
  const tell = (id: string, words: string) => host.write(`/run/told-${id}`, words);
  const unit = async (id: string, property: string) => {
    const name = (await host.run('systemd-escape', '--template=search@.service', id)).trim();
    return (await host.run('systemctl', 'show', '-p', property, '--value', name)).trim();
  };
  const alive = async (id: string) =>
    Number(await readFile(host.path(`/run/alive-${id}`), 'utf8').catch(() => 0));
  const beats = async (id: string) => {
    const before = await alive(id);
    await eventually(`${id} lives`, async () => (await alive(id)) > before + 0.2);
  };

  it('run in slices of their own, whose limits are those that are reported', async () => {
    for (const id of ['a', 'b']) await beats(id);
    expect(await unit('team-c', 'Slice')).toBe('foreshard-team\\x2dc.slice');
    expect(await unit('a', 'ControlGroup')).toBe('/foreshard.slice/foreshard-a.slice/search@a.service');
    const { shards } = await reported();
    expect(shards.a).toMatchObject({
      state: 'running',
      version: 1,
      inForce: { vCPU: 0.2, cpuWeight: 100, RAM: 96, tasks: 410 },
    });
    expect(shards.b?.inForce).toMatchObject({ vCPU: 0.6, cpuWeight: 300, RAM: 96 });
    expect(await host.run('systemd-analyze', 'verify', '/etc/systemd/system/foreshard-a.slice')).toBe('');
  });

  it('one over its memory dies alone', async () => {
    const [a, b] = [await unit('a', 'MainPID'), await unit('b', 'MainPID')];
    await tell('a', 'mib=200');
    await eventually('a is killed', async () => {
      await agent.beat();
      return ((await reported()).shards.a?.restarts ?? 0) > 0;
    });
    await tell('a', '');
    await beats('a');
    expect(await unit('a', 'MainPID')).not.toBe(a);
    expect(await unit('b', 'MainPID')).toBe(b);
    const { cgroup, shards } = await reported();
    expect(shards.b?.restarts).toBe(0);
    if (cgroup === 2) expect(shards.a?.kills).toBeGreaterThan(0);
  });

  it('has the CPU share that it was promised, and no more', async () => {
    for (const id of ['a', 'b']) await tell(id, 'burn=2');
    const { cgroup } = await reported();
    // Of what runs in it now; accounting of version 1 depends on how its hierarchies are mounted.
    const used = async (id: string) => {
      const root = `/sys/fs/cgroup${cgroup === 1 ? '/systemd' : ''}${await unit(id, 'ControlGroup')}`;
      const sum = `for p in $(cat ${root}/cgroup.procs); do cut -d' ' -f14,15 /proc/$p/stat; done`;
      const ticks = (await host.run('sh', '-c', sum)).trim().split(/\s+/).map(Number);
      return ticks.reduce((all, one) => all + one, 0) / 100;
    };
    await eventually('both burn', async () => (await used('a')) > 0 && (await used('b')) > 0);
    const from = { at: performance.now(), a: await used('a'), b: await used('b') };
    await eventually('b has used a second', async () => (await used('b')) > from.b + 1.2, 60_000);
    const to = { at: performance.now(), a: await used('a'), b: await used('b') };
    const seconds = (to.at - from.at) / 1000;
    expect((to.b - from.b) / seconds).toBeLessThan(0.6 * 1.25);
    expect((to.a - from.a) / seconds).toBeLessThan(0.2 * 1.4);
    // Declared 1 : 3, whether the machine has time for both or not.
    expect((to.b - from.b) / (to.a - from.a)).toBeGreaterThan(2);
    for (const id of ['a', 'b']) await tell(id, '');
  });

  it('gets another size while it runs', async () => {
    const pid = await unit('b', 'MainPID');
    await change((vm) => resize(vm, 'b', { RAM: 300, vCPU: 0.3 }, settings));
    expect((await reported()).shards.b?.inForce).toMatchObject({ vCPU: 0.3, RAM: 300, cpuWeight: 150 });
    await tell('b', 'mib=200');
    await eventually('b has 200 MiB', async () => {
      await agent.beat();
      return ((await reported()).shards.b?.memory ?? 0) > 200;
    });
    expect(await unit('b', 'MainPID')).toBe(pid);
  });

  it('stops where it is when it is frozen, its memory kept, and goes on when it is thawed', async () => {
    const pid = await unit('b', 'MainPID');
    await change((vm) => vmShardTo(vm, 'b', 'frozen', now));
    expect((await reported()).shards.b).toMatchObject({ state: 'frozen' });
    const [before, others] = [await alive('b'), await alive('a')];
    await eventually('a goes on', async () => (await alive('a')) > others + 0.5);
    expect(await alive('b')).toBe(before);
    await change((vm) => vmShardTo(vm, 'b', 'running', now));
    await beats('b');
    expect(await unit('b', 'MainPID')).toBe(pid);
    expect((await reported()).shards.b).toMatchObject({ state: 'running' });
  });

  it('is interrupted under pressure, the cheapest first, and goes on when it is over', async () => {
    // Nothing is idle enough for this: all memory in use counts as pressure.
    const strict = { ...policyOf({ settle: 1, relief: 1 }), memoryAbove: 0 };
    const calm = { ...strict, memoryAbove: 1, stallAbove: 1 };
    const policy = (one: typeof strict) =>
      change((vm) => ({ ...vm, version: vm.version + 1, overallInterruptibilityPolicy: one }));
    const { cgroup } = await reported();
    await vms.rank('i-1', ['team-c', 'a', 'b']);
    await policy(strict);
    const states = async () => {
      await agent.beat();
      const { shards } = await reported();
      return ['team-c', 'a', 'b'].map((id) => shards[id]?.state);
    };
    const look = async () => {
      now += 2;
      await agent.look();
    };
    await look();
    expect(await states()).toEqual(['frozen', 'running', 'running']);
    if (cgroup === 2) await look();
    await look();
    expect(await states()).toEqual(['evicted', 'running', 'running']);
    expect(await unit('team-c', 'ActiveState')).toBe('inactive');
    await look();
    expect(await states()).toEqual(['evicted', 'frozen', 'running']);
    await policy(calm);
    now += 10;
    await look();
    expect(await states()).toEqual(['evicted', 'running', 'running']);
    await look();
    expect(await states()).toEqual(['running', 'running', 'running']);
  });

  it('is taken away with all that it had, and the others stay', async () => {
    const pid = await unit('b', 'MainPID');
    await change((vm) => vmShardTo(vm, 'team-c', 'removed', now));
    expect(Object.keys((await reported()).shards).sort()).toEqual(['a', 'b']);
    expect(await host.run('ls', '/etc/systemd/system')).not.toContain('team');
    const groups = await host.run('systemctl', 'list-units', '--all', '--no-legend', 'foreshard*');
    expect(groups).toContain('foreshard-a.slice');
    expect(groups).not.toContain('team');
    expect(await unit('b', 'MainPID')).toBe(pid);
  });
});
