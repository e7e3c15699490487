import { existsSync } from 'node:fs';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Host } from './rig/host.ts';
import { eventually } from './rig/processes.ts';
import { startWorld, type World } from './world.ts';

const prepared = inject('prepared');
const now = () => Date.now() / 1000;
const MINUTES = 60_000;
/** MiB; 0 where the machine has no loop devices for its hosts. */
const STORAGE = existsSync('/dev/loop-control') ? 24 : 0;
const DISKS = '/var/lib/foreshard/vm';

/** The sample service as a component: a process for each VM shard, with its hooks at 2 before the port of its slice. */
const UNIT = `[Service]
ExecStart=/bin/sh -c 'FORESHARD_HOOKS_PORT=2$FORESHARD_PORT exec /usr/bin/python3 -B /opt/foreshard/stateful/service.py'
Restart=always
RestartSec=100ms
`;

let world: World | undefined;
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(await world?.logs());
  await world?.close();
  world = undefined;
});

describe.skipIf(prepared === null)('a VM shard that is kept by the agent', () => {
  it('moves to another host with its state, alone, and no acknowledged write is lost', async () => {
    world = await startWorld(prepared as NonNullable<typeof prepared>, ['us-east-1a', 'us-east-1b'], {
      settings: { vm: { maxPerInstance: 2, components: { chat: { unit: 'chat@.service' } } } },
      hooks: 'http://127.0.0.1:2{port}/{port}',
      units: { 'chat@.service': UNIT },
    });
    const { control, client, hosts, slices } = world;
    const [old, next] = hosts as [Host, Host];
    const [from, to] = slices as [string, string];
    const size = { vCPU: 0.5, RAM: 256, storage: STORAGE, priority: 100, applicationComponent: 'chat' };
    await control.vms.allocate(old.instance, [
      { shardID: 'cell', ...size },
      { shardID: 'beside', ...size },
    ]);
    const unit = async (host: Host, name: string, property: string) =>
      (await host.run('systemctl', 'show', '-P', property, `chat@${name}.service`)).trim();
    const images = async (host: Host) => {
      const all = await host.run('find', DISKS, '-name', '*.img', '-printf', '%f ').catch(() => '');
      return all.trim().split(' ').sort().join();
    };
    const pid = await eventually(
      'the agent has started both',
      async () => {
        const [cell, beside] = await Promise.all(
          ['cell', 'beside'].map((name) => unit(old, name, 'MainPID')),
        );
        return cell !== '0' && beside !== '0' && Number(beside);
      },
      2 * MINUTES,
      1000,
    );
    expect(await unit(old, 'cell', 'ControlGroup')).toContain('/foreshard.slice/foreshard-cell.slice/');

    const shard = 'rooms';
    await control.place(from, { kind: 'active', since: now(), shard });
    await eventually(
      'its hooks answer',
      async () => (await control.hosts.run(from, { kind: 'activate', shard })).ok,
      MINUTES / 4,
      1000,
    );
    await control.loadBalancer.register(shard, from);
    await eventually('all slots are held', async () => {
      await control.machines.keepSlots();
      return (await control.slots.read(shard, 4)).every(({ holder }) => holder === from);
    });
    const writer = await client(shard);
    await writer.writes(300);

    await control.vms.move(old.instance, 'cell', next.instance);
    await eventually(
      'the VM shard has moved',
      async () => {
        expect(await control.machines.settleVms()).toEqual([]);
        const here = (await control.vms.get(old.instance))?.shards.map(({ shardID }) => shardID);
        return here?.join() === 'beside';
      },
      4 * MINUTES,
      1000,
    );
    await writer.writes(300);
    const found = await writer.finish();
    expect(found.lost).toEqual([]);
    for (const { epoch, by } of found.holders) expect(by).toBe(epoch === 1 ? old.name : next.name);
    expect((await control.slots.read(shard, 4)).map(({ holder }) => holder)).toEqual([to, to, to, to]);
    expect((await control.vms.get(next.instance))?.shards).toMatchObject([
      { shardID: 'cell', state: 'running' },
    ]);
    if (STORAGE > 0) {
      // Its disk went with it, as the record says that it is gone; the other's is there.
      expect(await images(old)).toBe('beside.img');
      expect(await old.run('cat', '/proc/self/mounts')).not.toContain(`${DISKS}/cell `);
      expect(await images(next)).toBe('cell.img');
      expect(await next.run('cat', '/proc/self/mounts')).toContain(`${DISKS}/cell `);
    }
    await eventually('it is gone', async () => (await unit(old, 'cell', 'ActiveState')) === 'inactive');
    expect(Number(await unit(old, 'beside', 'MainPID'))).toBe(pid);
  });
});
