import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handOverPorts } from '../../../adapters/aws/hand-over/ports.ts';
import { Daemon } from '../../../agent/daemon.ts';
import { systemClock } from '../../../agent/gateway/clock.ts';
import { SliceMemory } from '../../../agent/memory.ts';
import { Metadata } from '../../../agent/metadata.ts';
import { KnownSettings } from '../../../agent/settings.ts';
import { type Slots, slotsOf } from '../../../agent/slots.ts';
import type { HopStore } from '../../../agent/transfer/index.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { sliceId } from '../../../core/shards/slice.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';
import { FakeApp } from '../session/fake-app.ts';
import { FakeImds } from './fake-imds.ts';
import { lines } from './lines.ts';

const SETTINGS = parseSettings(
  `
service: tiny
shards:
  - name: cart
    capacity: { perInstance: 100 }
    handOver: { state: copy, slots: { count: 4, by: { header: x-key } } }
fleet: { max: 20, zones: [a, b] }
`,
  's',
);

/** Two instances on this machine, each with its agent, its gateway and an application, and one table. */
let table: MemoryTable;
let folder: string;
let instances: Instance[];
const said = lines();

beforeEach(() => {
  table = new MemoryTable();
  folder = mkdtempSync(join(tmpdir(), 'foreshard-two-'));
  instances = [];
  said.lines.length = 0;
});
afterEach(async () => {
  await Promise.all(instances.map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
});

interface Instance {
  readonly slice: string;
  readonly port: number;
  readonly app: FakeApp;
  readonly daemon: Daemon;
  readonly imds: FakeImds;
  stop(): Promise<void>;
}

async function instance(
  id: string,
  { hop, deaf = false }: { readonly hop?: HopStore; readonly deaf?: boolean } = {},
): Promise<Instance> {
  const imds = await FakeImds.start();
  const [port, transferPort] = [await freePort(10_000), await freePort(0)];
  const app = new FakeApp(id);
  const server = await serve(app, port + 10_000);
  let slots: Slots | undefined;
  const daemon = new Daemon({
    instance: id,
    address: '127.0.0.1',
    // Nobody listens there: as behind a security group that lets nobody in.
    transferPort: deaf ? await freePort(0) : transferPort,
    bootId: `boot-${id}`,
    ports: [port],
    agents: handOverPorts(table).agents,
    settings: new KnownSettings(async () => SETTINGS, systemClock, said.log),
    app: () => app,
    memory: new SliceMemory(join(folder, id)),
    metadata: new Metadata(imds.url, systemClock),
    measure: { look: async () => ({ memory: 0.5 }) },
    serving: (host) => {
      slots = slotsOf({ host, table, transferPort, hop, clock: systemClock, log: said.log });
      return slots;
    },
    clock: systemClock,
    log: said.log,
  });
  await slots!.listen();
  await daemon.start();
  const stop = async () => {
    await daemon.stop();
    imds.stop();
    server.closeAllConnections();
    server.close();
  };
  const made = { slice: sliceId(id, port), port, app, daemon, imds, stop };
  instances.push(made);
  return made;
}

/** The application as its gateway reaches it: a write is acknowledged with 200. */
async function serve(app: FakeApp, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const { 'foreshard-slot': slot, 'foreshard-epoch': epoch, 'x-key': key } = request.headers;
    const done = app.write(Number(slot), Number(epoch), String(key));
    response.writeHead(done ? 200 : 503).end(app.shard);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

/** One that is free, together with the one so much above it. */
async function freePort(above: number): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const free = await Promise.all([port, port + above].slice(0, above === 0 ? 1 : 2).map(isFree));
    if (free.every(Boolean)) return port;
  }
}
const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const probe = createTcp();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });

const put = async ({ port }: Instance, key: string) => {
  const { status } = await fetch(`http://127.0.0.1:${port}/`, { method: 'PUT', headers: { 'x-key': key } });
  return status;
};
const holders = async () => {
  const map = await handOverPorts(table).slots.read('cart', 4);
  return map.map(({ holder }) => holder);
};
/** A store that answered at once would keep the event loop to itself. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const keysOf = ({ app }: Instance) =>
  [...app.slots.values()].flatMap(({ entries }) => [...entries.keys()]).sort();

/** A source that serves all slots and has acknowledged twenty writes. */
async function busy(hop?: HopStore): Promise<{ source: Instance; keys: string[] }> {
  const source = await instance('i-1', { ...(hop && { hop }) });
  const { slots } = handOverPorts(table);
  for (const slot of [0, 1, 2, 3]) await slots.pass('cart', { slot, epoch: 0 }, source.slice);
  await source.daemon.activate(source.slice, 'cart');
  const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);
  for (const key of keys)
    await expect.poll(() => put(source, key), { timeout: 15_000, interval: 50 }).toBe(200);
  return { source, keys: keys.sort() };
}

describe('two agents', () => {
  it('hand all slots over when Spot takes one instance, and requests find them', async () => {
    const { source, keys } = await busy();
    const target = await instance('i-2');
    const secrets: unknown[] = [];
    const write = table.put.bind(table);
    vi.spyOn(table, 'put').mockImplementation((item, only) => {
      if (item.secret !== undefined) secrets.push(item.secret);
      return write(item, only);
    });
    await handOverPorts(table).agents.order(source.slice, { reserve: target.slice });
    await source.daemon.beat();
    source.imds.interrupt(new Date(Date.now() + 100_000).toISOString());
    await expect.poll(holders, { timeout: 20_000 }).toEqual(Array(4).fill(target.slice));
    await expect.poll(() => keysOf(target)).toEqual(keys);
    expect(target.daemon.status().slices[0]).toMatchObject({ shard: 'cart' });
    // Both gateways lead to the new holder.
    for (const [i, one] of [source, target].entries())
      await expect.poll(() => put(one, `after-${i}`), { timeout: 5000 }).toBe(200);
    await expect.poll(() => keysOf(target)).toEqual(['after-0', 'after-1', ...keys].sort());
    expect([...source.app.wrongs, ...target.app.wrongs]).toEqual([]);
    const record = await handOverPorts(table).handOvers.get(source.slice);
    expect(record).toMatchObject({ phase: 'done', cause: 'interruption' });
    // What only the two agents know is said nowhere.
    expect(secrets).toHaveLength(1);
    const secret = Buffer.from(secrets[0] as Uint8Array).toString('hex');
    expect(JSON.stringify(said.lines)).not.toContain(secret.slice(0, 16));
    expect(record).not.toHaveProperty('secret');
  });

  it('hand over by command, and say what came of it', async () => {
    const { source, keys } = await busy();
    const target = await instance('i-2');
    await expect
      .poll(() => source.daemon.serving.handOver(source.slice, target.slice), { timeout: 20_000 })
      .toMatch(/: done, \d+\.\d\d s of pause$/);
    expect(keysOf(target)).toEqual(keys);
    await source.daemon.deactivate(source.slice, 'cart');
    expect(source.app.shard).toBeUndefined();
  });

  it('leave state in the store where one does not reach the other', async () => {
    const objects = new Map<string, Uint8Array>();
    const store: HopStore = {
      put: async (key, bytes) => void objects.set(key, Uint8Array.from(bytes)),
      get: async (key) => {
        await turn();
        return objects.get(key);
      },
      list: async (prefix) => [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(),
      delete: async (keys) => {
        for (const key of keys) objects.delete(key);
      },
    };
    const { source, keys } = await busy(store);
    const target = await instance('i-2', { hop: store, deaf: true });
    const over = source.daemon.serving.handOver(source.slice, target.slice);
    // The target looks with each beat.
    await expect
      .poll(
        async () => {
          await target.daemon.beat();
          return holders();
        },
        { timeout: 25_000, interval: 200 },
      )
      .toEqual(Array(4).fill(target.slice));
    expect(await over).toMatch(/: done/);
    expect(keysOf(target)).toEqual(keys);
    expect(said.lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['state-hops', 'hop-awaited']),
    );
    await expect.poll(() => objects.size, { timeout: 10_000 }).toBe(0);
  });
});
