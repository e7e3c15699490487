import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { settingsSchema } from '../../core/settings/schema.ts';
import { cgroupOf, componentUnit } from '../../core/vm/escape.ts';
import { interruptibilityPolicySchema, type VmInstance, type VmShard } from '../../core/vm/shard.ts';
import { unitFiles } from '../../core/vm/units.ts';
import type { Host } from './rig/host.ts';
import { eventually } from './rig/processes.ts';
import { makeRig, type Rig } from './rig/rig.ts';

const prepared = inject('prepared');

/** Components of an application, as the image's template units. */
const UNITS = {
  // Uses as much CPU as it gets, on both processors.
  'busy@.service': `[Service]
ExecStart=/usr/bin/python3 -c 'import os; os.fork(); exec("while True: pass")'
`,
  // Takes as much memory (MiB) as the file says, and holds it.
  'hold@.service': `[Service]
ExecStart=/usr/bin/python3 -c 'import time; x = bytearray(int(open("/etc/hold-%i").read()) << 20); time.sleep(3600)'
Restart=no
`,
};

const { vm } = settingsSchema.parse({
  service: 'cells',
  shards: [{ name: 'cells', capacity: { perInstance: 1 } }],
  fleet: { max: 1 },
  vm: {
    maxPerInstance: 4,
    components: { busy: { unit: 'busy@.service' }, hold: { unit: 'hold@.service' } },
  },
});

const shard = (
  shardID: string,
  port: number,
  applicationComponent: string,
  vCPU: number,
  RAM: number,
): VmShard => ({
  ...{ shardID, port, applicationComponent, vCPU, RAM, storage: 0, priority: 100 },
  ...{ state: 'running', since: 0, version: 1 },
});
const SHARDS = [
  shard('busy-a', 8080, 'busy', 0.4, 64),
  shard('busy-b', 8081, 'busy', 0.2, 64),
  shard('greedy', 8082, 'hold', 0.2, 64),
  shard('modest', 8083, 'hold', 0.2, 64),
];

describe.skipIf(prepared === null)('VM shards on a host', () => {
  let rig: Rig;
  let host: Host;
  beforeAll(async () => {
    rig = await makeRig(prepared as NonNullable<typeof prepared>, ['us-east-1a']);
    host = rig.hosts[0] as Host;
    await host.boot();
    const divided: VmInstance = {
      instanceID: host.instance,
      shards: SHARDS,
      overallInterruptibilityPolicy: interruptibilityPolicySchema.parse({}),
      size: { vCPU: 2, RAM: 8192, storage: 8192 },
      version: 1,
    };
    for (const [name, text] of Object.entries(UNITS)) await host.write(`/etc/systemd/system/${name}`, text);
    for (const { path, text } of unitFiles(divided, vm))
      await host.write(`/etc/systemd/system/${path}`, text);
    await host.run('systemctl', 'daemon-reload');
  });
  afterAll(() => rig?.close());

  const unitOf = ({ shardID, applicationComponent }: VmShard) =>
    componentUnit(vm.components[applicationComponent]?.unit ?? '', shardID);
  const show = async (one: VmShard, property: string) =>
    (await host.run('systemctl', 'show', '-P', property, unitOf(one))).trim();
  const [a, b, greedy, modest] = SHARDS as [VmShard, VmShard, VmShard, VmShard];

  /** Seconds of processor time that its processes have used (100 ticks each). */
  async function used(one: VmShard): Promise<number> {
    const main = await show(one, 'MainPID');
    const { stdout } = await host.try(
      'sh',
      '-c',
      `cat /proc/${main}/stat $(printf '/proc/%s/stat ' $(pgrep -P ${main}))`,
    );
    const ticks = stdout
      .trim()
      .split('\n')
      .map((line) => line.slice(line.lastIndexOf(')') + 2).split(' '));
    return ticks.reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0) / 100;
  }

  it('run where they are declared to', async () => {
    await host.run('systemctl', 'start', unitOf(a), unitOf(b));
    expect(await show(a, 'ControlGroup')).toContain(cgroupOf(a.shardID));
    expect(await show(a, 'ActiveState')).toBe('active');
    expect(await show(a, 'Environment')).toContain('FORESHARD_SLICE_PORT=8080');
  });

  it('get no more of the processors than is declared, each for itself', async () => {
    const from = { at: performance.now(), a: await used(a), b: await used(b) };
    const rates = await eventually('four seconds have passed', async () => {
      const seconds = (performance.now() - from.at) / 1000;
      if (seconds < 4) return undefined;
      return { a: ((await used(a)) - from.a) / seconds, b: ((await used(b)) - from.b) / seconds };
    });
    // A tenth above: the quota is dealt out in periods of 0.1 s. Below: others use this machine too.
    expect(rates.a).toBeLessThan(a.vCPU * 1.1);
    expect(rates.b).toBeLessThan(b.vCPU * 1.1);
    expect(rates.a).toBeGreaterThan(a.vCPU * 0.4);
    expect(rates.b).toBeGreaterThan(b.vCPU * 0.4);
  });

  it('die alone when they are over their memory', async () => {
    await host.write('/etc/hold-modest', '20');
    await host.write('/etc/hold-greedy', '200');
    await host.run('systemctl', 'start', unitOf(modest), unitOf(greedy));
    await eventually('the greedy one has died', async () => (await show(greedy, 'ActiveState')) === 'failed');
    expect(await show(greedy, 'Result')).toMatch(/^(oom-kill|signal)$/);
    for (const one of [a, b, modest]) expect(await show(one, 'ActiveState')).toBe('active');
    expect(await show(modest, 'NRestarts')).toBe('0');
  });
});
