import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../adapters/aws/clock.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { HaproxyLoadBalancer } from '../../adapters/local/haproxy.ts';
import { checkOf, haproxyConfig } from '../../adapters/local/haproxy-config.ts';
import { haproxyAt } from '../../adapters/local/haproxy-socket.ts';
import type { Ports } from '../../core/ports.ts';
import { drainOf, healthCheckOf } from '../../core/routes/route.ts';
import type { SettingsInput } from '../../core/settings/schema.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Harness } from '../contracts/harness.ts';
import { loadBalancerContract } from '../contracts/load-balancer.ts';
import { settingsOf } from '../world/fixtures.ts';
import { eventually } from './rig/processes.ts';

const installed = spawnSync('haproxy', ['-v']).status === 0;
/** Real seconds are waited for here. */
const FAST = { cold: { seconds: 0.01 }, activate: { seconds: 0.4 }, drain: { seconds: 2 } };
const INTERVAL = 0.4;

const opened: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Balanced extends Harness {
  /** Sends a request to the load balancer. */
  get(path: string, headers?: Record<string, string>): Promise<{ status: number | undefined; body: string }>;
  /** Whether the slice passes its health checks. */
  setHealthy(slice: string, healthy: boolean): void;
}

async function make(shards: SettingsInput['shards'] = []): Promise<Balanced> {
  const base = settingsOf(['web'], { max: 4, leadTimes: FAST });
  const settings =
    shards.length === 0
      ? base
      : { ...base, shards: shards.flatMap((one) => settingsOf([one.name], {}, one).shards) };
  const folder = mkdtempSync(join(tmpdir(), 'foreshard-haproxy-'));
  const socket = join(folder, 'haproxy.sock');
  const health = (shard: (typeof settings.shards)[number]) => ({
    ...healthCheckOf(shard),
    interval: INTERVAL,
  });
  const listen = join(folder, 'listener.sock');
  const config = haproxyConfig({ socket, bind: `unix@${listen}`, settings, health });
  writeFileSync(join(folder, 'haproxy.cfg'), config);
  const haproxy = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
  const ended = new Promise((done) => haproxy.once('exit', done));
  opened.push(async () => {
    haproxy.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  });
  const ask = haproxyAt(socket);
  await eventually('haproxy answers', async () => (await ask('show info')).includes('Version'));

  const instances = new Map<string, { port: number; healthy: boolean }>();
  const clock = new SystemClock();
  const instanceOf = (slice: string) => instances.get(parseSliceId(slice).instance);
  const fleet: Pick<Ports['fleet'], 'apply' | 'list'> = {
    apply: async () => {
      const id = `i-${instances.size}`;
      const state = { port: 0, healthy: false };
      const server = createServer((asked, answer) => {
        const status = asked.url === '/health' && !state.healthy ? 503 : 200;
        answer.writeHead(status).end(id);
      });
      await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
      opened.push(() => {
        server.close();
        server.closeAllConnections();
      });
      state.port = (server.address() as AddressInfo).port;
      instances.set(id, state);
    },
    list: async () => [...instances.keys()].map((id) => ({ id, state: 'running' }) as never),
  };
  const hosts: Ports['hosts'] = {
    run: async (slice) => {
      Object.assign(instanceOf(slice) as object, { healthy: true });
      return { ok: true };
    },
  };
  const addressOf = (slice: string) => {
    const at = instanceOf(slice);
    return at && { host: '127.0.0.1', port: at.port };
  };
  const check = (shard: string) =>
    checkOf(health(settings.shards.find(({ name }) => name === shard) as never));
  const loadBalancer = new HaproxyLoadBalancer({ ask, addressOf, check, drain: drainOf(settings) });
  return {
    ports: unwiredPorts({ clock, loadBalancer, hosts, fleet: fleet as Ports['fleet'] }),
    settings,
    drive: (work) => work,
    wait: (seconds) => setTimeout(seconds * 1000),
    get: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const sent = request({ socketPath: listen, path, headers }, async (answer) => {
          const body = (await answer.toArray()).join('');
          resolve({ status: answer.statusCode, body });
        });
        sent.on('error', reject).end();
      }),
    setHealthy: (slice, healthy) => Object.assign(instanceOf(slice) as object, { healthy }),
  };
}

describe.skipIf(!installed)('a real haproxy', () => {
  loadBalancerContract(() => make());

  it('sends requests to healthy targets only, and to none of another shard', async () => {
    const h = await make([
      { name: 'cart', capacity: { perInstance: 1 } },
      { name: 'gift', capacity: { perInstance: 1 }, route: { path: "/cart/g?ft's/*" } },
      { name: 'shop', capacity: { perInstance: 1 }, route: { host: 'shop.example.com' } },
      { name: 'beta', capacity: { perInstance: 1 }, route: { header: 'x-ring', value: 'beta*' } },
    ]);
    const slices: Record<string, string> = {};
    for (const { name } of h.settings.shards) {
      await h.ports.fleet.apply({} as never, '');
      const slice = `i-${Object.keys(slices).length}:8080`;
      slices[name] = slice;
      h.setHealthy(slice, true);
      await h.ports.loadBalancer.register(name, slice);
    }
    // No check has passed yet.
    expect((await h.get('/cart/1')).status).toBe(503);
    for (const [shard, slice] of Object.entries(slices))
      await eventually(
        `${slice} is healthy`,
        async () => (await h.ports.loadBalancer.health(shard, slice)) === 'healthy',
      );
    expect(await h.get('/cart/1')).toEqual({ status: 200, body: 'i-0' });
    expect(await h.get("/cart/gift's/1")).toMatchObject({ body: 'i-1' });
    expect(await h.get('/any', { host: 'Shop.example.com:8080' })).toMatchObject({ body: 'i-2' });
    expect(await h.get('/cart/1', { 'x-ring': 'beta-7' })).toMatchObject({ body: 'i-3' });
    expect((await h.get('/cartoon')).status).toBe(404);

    h.setHealthy('i-0:8080', false);
    await eventually(
      'it is seen',
      async () => (await h.ports.loadBalancer.health('cart', 'i-0:8080')) === 'unhealthy',
    );
    expect((await h.get('/cart/1')).status).toBe(503);
    h.setHealthy('i-0:8080', true);
    await eventually(
      'it is seen',
      async () => (await h.ports.loadBalancer.health('cart', 'i-0:8080')) === 'healthy',
    );
    await h.ports.loadBalancer.deregister('cart', 'i-0:8080');
    expect((await h.get('/cart/1')).status).toBe(503);
    await h.ports.loadBalancer.register('cart', 'i-0:8080');
    expect((await h.get('/cart/1')).status).toBe(200);
  });

  it('takes a target that has been out before, at its new address', async () => {
    const h = await make();
    await h.ports.fleet.apply({} as never, '');
    const { loadBalancer } = h.ports;
    const is = (state: string) =>
      eventually(`it is ${state}`, async () => (await loadBalancer.health('web', 'i-0:8080')) === state);
    for (let time = 0; time < 2; time++) {
      h.setHealthy('i-0:8080', true);
      await loadBalancer.register('web', 'i-0:8080');
      expect(await loadBalancer.health('web', 'i-0:8080')).toBe('initial');
      await is('healthy');
      // It has a connection of haproxy's that idles.
      expect((await h.get('/web/1')).status).toBe(200);
      await loadBalancer.deregister('web', 'i-0:8080');
      await is('unused');
    }
  });

  it('says which shard it has no backend for', async () => {
    const h = await make();
    await expect(h.ports.loadBalancer.health('nobody', 'i-0:8080')).rejects.toThrow('nobody');
  });
});
