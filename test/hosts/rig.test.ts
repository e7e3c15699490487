import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from './rig/processes.ts';
import { makeRig, type Rig } from './rig/rig.ts';

const prepared = inject('prepared');
const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
const IMDS = 'http://169.254.169.254/latest';

/** The instance metadata, read inside the host with the Python that it has. */
const READ = `
import sys, urllib.request as r
token = r.urlopen(r.Request('${IMDS}/api/token', method='PUT', headers={'X-aws-ec2-metadata-token-ttl-seconds': '60'})).read()
try: print(r.urlopen(r.Request('${IMDS}/meta-data/' + sys.argv[1], headers={'X-aws-ec2-metadata-token': token.decode()})).read().decode())
except r.HTTPError as e: print(e.code)
`;

describe.skipIf(prepared === null)('hosts', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await makeRig(prepared as NonNullable<typeof prepared>, ZONES);
    await Promise.all(rig.hosts.map((host) => host.boot()));
  });
  afterAll(() => rig?.close());
  const host = (i: number) => rig.hosts[i] as Rig['hosts'][number];

  it('boot with their own systemd, name and address, and reach each other', async () => {
    expect((await host(0).run('cat', '/proc/1/comm')).trim()).toBe('systemd');
    expect((await host(1).run('hostname')).trim()).toBe(host(1).name);
    expect(await host(1).run('ip', '-o', 'addr', 'show', 'eth0')).toContain(host(1).address);
    await host(1).run(
      ...['systemd-run', '--unit=web', 'python3', '-m', 'http.server', '8000', '--bind', host(1).address],
    );
    const fetched = `import urllib.request as r; print(r.urlopen('http://${host(1).address}:8000/').status)`;
    await eventually('the third host reads from the second', async () => {
      return (await host(2).try('python3', '-c', fetched)).stdout.trim() === '200';
    });
  });

  it('keep their disk when they are powered off, and nothing else', async () => {
    await host(2).write('/var/lib/kept', 'kept');
    await host(2).write('/run/lost', 'lost');
    await host(2).poweroff();
    expect(host(2).isOn).toBe(false);
    await host(2).boot();
    expect(await host(2).run('cat', '/var/lib/kept')).toBe('kept');
    expect(existsSync(host(2).path('/run/lost'))).toBe(false);
    await host(2).crash();
    await host(2).boot();
    expect(await host(2).run('cat', '/var/lib/kept')).toBe('kept');
    expect((await host(1).try('ls', '/var/lib/kept')).code).not.toBe(0);
  });

  it('have limits that bite: one over its memory is killed, its neighbour is not', async () => {
    const at = (unit: string, code: string) =>
      host(0).try(
        ...['systemd-run', '--wait', '--pipe', `--unit=${unit}`, '--slice=shard-a.slice'],
        ...['-p', 'MemoryMax=64M', 'python3', '-c', code],
      );
    const [fits, exceeds] = await Promise.all([
      at('fits', 'x = bytearray(16 << 20); print(len(x))'),
      at('exceeds', 'x = bytearray(256 << 20); print(len(x))'),
    ]);
    expect(fits).toMatchObject({ code: 0, stdout: `${16 << 20}\n` });
    expect(exceeds.code).not.toBe(0);
    expect(exceeds.stderr).toMatch(/oom-kill|KILL/);
  });

  it('read their own instance metadata, and what Spot announces there', async () => {
    const read = async (i: number, path: string) => (await host(i).run('python3', '-c', READ, path)).trim();
    expect(await read(0, 'instance-id')).toBe(host(0).instance);
    expect(await read(1, 'instance-id')).toBe(host(1).instance);
    expect(await read(1, 'placement/availability-zone')).toBe('us-east-1b');
    expect(await read(0, 'spot/instance-action')).toBe('404');
    expect(await read(0, 'events/recommendations/rebalance')).toBe('404');
    await host(0).metadata.say({ kind: 'rebalance' });
    expect(await read(0, 'events/recommendations/rebalance')).toContain('noticeTime');
    expect(await read(0, 'spot/instance-action')).toBe('404');
    const deadline = '2031-01-01T00:02:00Z';
    await host(0).metadata.say({ kind: 'notice', deadline });
    expect(JSON.parse(await read(0, 'spot/instance-action'))).toEqual({
      action: 'terminate',
      time: deadline,
    });
    expect(await read(1, 'spot/instance-action')).toBe('404');
  });
});
