import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createNet } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const HERE = join(import.meta.dirname, '../../examples/sample-service');
const run = promisify(execFile);
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('the sample service, as real processes on this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'foreshard-sample-'));
  let service: ChildProcess;
  let port: number;
  let env: Record<string, string>;
  const get = (path: string, at = port, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${at}${path}`, { headers: { connection: 'close', ...headers } });
  const hook = (action: string, shard: string, at: number) =>
    run(join(HERE, 'hooks', action), [shard, String(at)], { env });

  beforeAll(async () => {
    port = await freePair();
    env = {
      PATH: process.env.PATH ?? '',
      FORESHARD_RUN: join(folder, 'run'),
      FORESHARD_ADDRESS: '127.0.0.1',
      FORESHARD_FIRST_PORT: String(port),
      FORESHARD_SLICES: '2',
    };
    service = spawn('python3', [join(HERE, 'service.py')], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise((resolve, reject) => {
      service.stderr?.once('data', resolve);
      service.once('exit', reject);
    });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    expect(await ended).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('is not healthy while a slice serves no shard, and counts nothing', async () => {
    expect((await get('/health')).status).toBe(503);
    expect((await get('/cart/1')).status).toBe(503);
    expect(await (await get('/foreshard/load')).json()).toEqual({
      requests: 0,
      seconds: 0,
      inFlight: 0,
      keys: {},
    });
  });

  it('serves a shard from `activate` to `deactivate`, slice by slice', async () => {
    await hook('activate', 'cart', port);
    await hook('activate', 'cart', port);
    expect(await (await get('/cart/1')).json()).toEqual({ shard: 'cart', port, path: '/cart/1' });
    expect((await get('/health', port + 1)).status).toBe(503);
    await hook('activate', 'search', port + 1);
    expect(await (await get('/x', port + 1)).json()).toMatchObject({ shard: 'search' });
    await hook('deactivate', 'search', port + 1);
    await hook('deactivate', 'search', port + 1);
    expect((await get('/health', port + 1)).status).toBe(503);
    expect((await get('/health')).status).toBe(200);
  });

  it('counts requests and their time, and not health checks', async () => {
    const load = async () =>
      (await (await get('/foreshard/load')).json()) as { requests: number; seconds: number };
    const before = await load();
    await Promise.all([get('/cart/1?ms=30'), get('/cart/2?ms=30'), get('/cart/3')]);
    await get('/health', port, { 'user-agent': 'ELB-HealthChecker/2.0' });
    const after = await load();
    expect(after.requests - before.requests).toBe(3);
    expect(after.seconds - before.seconds).toBeGreaterThanOrEqual(0.06);
  });

  it('counts requests by the first two segments of their path, as many keys as have room', async () => {
    const keys = async () =>
      ((await (await get('/foreshard/load')).json()) as { keys: Record<string, number> }).keys;
    const before = (await keys())['/cart/gift'] ?? 0;
    for (const path of [
      '/cart/gift/1',
      '/cart/gift/2',
      '/cart/gift',
      '/cart/%22*/3',
      `/cart/${'x'.repeat(80)}`,
    ])
      await get(path);
    const after = await keys();
    expect(after['/cart/gift']! - before).toBe(3);
    expect(Object.keys(after).filter((key) => !/^(\/[\w.~-]+){2}$/.test(key) || key.length > 64)).toEqual([]);
    for (let i = 0; i < 60; i++) await get(`/cart/k${i}`);
    expect(Object.keys(await keys())).toHaveLength(50);
    expect((await keys())['/cart/gift']).toBe(after['/cart/gift']);
  });

  it('tells its load to nobody behind the load balancer', async () => {
    expect((await get('/foreshard/load', port, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(403);
  });

  it('`deactivate` refuses a slice of another shard; `activate` says when nobody listens', async () => {
    await expect(hook('deactivate', 'search', port)).rejects.toThrow(/serves cart, not search/);
    await expect(hook('activate', '', port)).rejects.toThrow(/usage/);
  });

  describe('at boot', () => {
    let imds: Server;
    const asked: string[] = [];
    const tags = new Map<string, string>();
    const calls = join(folder, 'calls');

    beforeAll(async () => {
      imds = createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        const path = request.url?.replace('/latest/meta-data/', '') ?? '';
        if (request.method === 'PUT') response.end('token-1');
        else if (request.headers['x-aws-ec2-metadata-token'] !== 'token-1') response.writeHead(401).end();
        else if (tags.has(path)) response.end(tags.get(path));
        else response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => imds.listen(0, '127.0.0.1', resolve));
      // The AWS CLI: refuses first, as it does for an instance that booted before its group waits.
      const aws = `#!/usr/bin/env bash
echo "$*" >>"${calls}"
if [[ $(wc -l <"${calls}") -lt 3 ]]; then echo 'ValidationError: No active Lifecycle Action found' >&2; exit 254; fi
`;
      writeFileSync(join(folder, 'aws'), aws, { mode: 0o755 });
    });
    afterAll(() => new Promise((resolve) => imds.close(resolve)));

    const ready = () =>
      run(join(HERE, 'ready'), [], {
        env: {
          ...env,
          PATH: `${folder}:${env.PATH}`,
          FORESHARD_IMDS: `http://127.0.0.1:${(imds.address() as AddressInfo).port}`,
          FORESHARD_TRIES: '5',
          FORESHARD_PAUSE: '0.01',
          FORESHARD_SPOT_GROUP: 'foreshard-shop-spot',
        },
      });

    it('completes the launch hook of its group, however often it must ask, with IMDSv2', async () => {
      tags.set('instance-id', 'i-1').set('placement/region', 'eu-west-1').set('instance-life-cycle', 'spot');
      const { stdout } = await ready();
      expect(stdout).toBe('i-1 is ready\n');
      const said = readFileSync(calls, 'utf8').trim().split('\n');
      expect(said).toHaveLength(3);
      expect(said[2]).toBe(
        'autoscaling complete-lifecycle-action --region eu-west-1 --instance-id i-1 --auto-scaling-group-name foreshard-shop-spot --lifecycle-hook-name foreshard-launch --lifecycle-action-result CONTINUE',
      );
      expect(asked[0]).toBe('PUT /latest/api/token');
    });

    it('takes the group from the instance’s tags, and does not wait where nobody waits for it', async () => {
      tags.set('tags/instance/aws:autoscaling:groupName', 'foreshard-shop-steady');
      tags.set('autoscaling/target-lifecycle-state', 'Standby');
      rmSync(calls);
      await ready();
      const said = readFileSync(calls, 'utf8').trim().split('\n');
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('--auto-scaling-group-name foreshard-shop-steady');
    });
  });

  it('is installed where its units look for it', async () => {
    const root = join(folder, 'root');
    await run(join(HERE, 'install.sh'), ['shop', '4', 'steady', 'spot', 'hook'], {
      env: { PATH: env.PATH ?? '', FORESHARD_ROOT: root },
    });
    expect(readFileSync(join(root, 'etc/foreshard/sample.env'), 'utf8')).toContain('FORESHARD_SLICES=4\n');
    const units = ['foreshard-sample', 'foreshard-ready'].map((name) =>
      readFileSync(join(root, `etc/systemd/system/${name}.service`), 'utf8'),
    );
    for (const path of units.join('\n').matchAll(/\/opt\/foreshard\/\S+/g))
      expect(existsSync(join(root, path[0])), path[0]).toBe(true);
    expect(statSync(join(root, 'opt/foreshard/hooks/activate')).mode & 0o111).toBe(0o111);
  });
});

/** A port that is free together with the one after it. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const { port } = first.address() as AddressInfo;
    const second = await listen(port + 1).catch(() => undefined);
    first.close();
    second?.close();
    if (second !== undefined) return port;
  }
}

function listen(port: number) {
  return new Promise<ReturnType<typeof createNet>>((resolve, reject) => {
    const server = createNet();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
