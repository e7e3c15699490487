import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../agent/config.ts';
import { HttpApp } from '../../agent/hooks/http.ts';
import { parseSettings } from '../../core/settings/parse.ts';

const HERE = join(import.meta.dirname, '../../examples/stateful-service');
const hasPython = spawnSync('python3', ['--version']).status === 0;
const timeouts = { activate: 10, call: 10, stall: 10 };

interface Instance {
  readonly app: HttpApp;
  /** Where hooks are. */
  readonly hooks: string;
  readonly port: number;
  ask(method: string, path: string, more?: Ask): Promise<{ status: number; value: Record<string, unknown> }>;
  end(): Promise<unknown>;
}
interface Ask {
  readonly slot?: number;
  readonly epoch?: number;
  readonly value?: unknown;
}

const running: Instance[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.end()));
});

/** The service as a process, with one slice whose application listens on `port`. */
async function start(name: string, port?: number): Promise<Instance> {
  const [hooksPort = 0, listen = 0] = [await freePort(), port ?? (await freePort())];
  const env = { PATH: process.env.PATH, FORESHARD_HOOKS_PORT: String(hooksPort), FORESHARD_NAME: name };
  const child: ChildProcess = spawn('python3', ['-B', join(HERE, 'service.py')], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve, reject) => {
    child.stderr?.once('data', resolve);
    child.once('exit', reject);
  });
  const hooks = `http://127.0.0.1:${hooksPort}/8080`;
  const one: Instance = {
    app: new HttpApp({ base: hooks, shard: 'rooms', listen, timeouts }),
    hooks,
    port: listen,
    ask: async (method, path, { slot, epoch, value } = {}) => {
      const answer = await fetch(`http://127.0.0.1:${listen}/${path}`, {
        method,
        headers: {
          connection: 'close',
          ...(slot !== undefined && { 'foreshard-slot': String(slot) }),
          ...(epoch !== undefined && { 'foreshard-epoch': String(epoch) }),
        },
        ...(value !== undefined && { body: JSON.stringify(value) }),
      });
      return { status: answer.status, value: (await answer.json()) as Record<string, unknown> };
    },
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
  running.push(one);
  return one;
}

/** One that serves slots 0 to count - 1 under epoch 1. */
async function serving(name: string, count = 1): Promise<Instance> {
  const one = await start(name);
  await one.app.activate('rooms');
  for (let slot = 0; slot < count; slot++) await one.app.serve(slot, 1);
  return one;
}

describe.skipIf(!hasPython)('the stateful sample service, as real processes on this machine', () => {
  it('serves nothing before it is told to, and ends by itself when asked', async () => {
    const one = await start('one');
    await expect(one.app.serve(0, 1)).rejects.toThrow('serves no shard');
    await one.app.activate('rooms');
    await one.app.activate('rooms');
    expect(await one.ask('GET', 'health')).toMatchObject({ status: 200, value: { shard: 'rooms' } });
    expect((await one.ask('POST', 'rooms/counters/a')).status).toBe(503);
    await one.app.serve(0, 1);
    expect(await one.ask('POST', 'rooms/counters/a')).toMatchObject({ status: 200, value: { value: 1 } });
    await one.app.deactivate('rooms');
    await one.app.deactivate('rooms');
    await expect(one.ask('GET', 'health')).rejects.toThrow();
    // What it knew is forgotten.
    await one.app.activate('rooms');
    await one.app.serve(0, 2);
    expect((await one.ask('GET', 'rooms/counters/a')).value).toMatchObject({ value: null });
    expect(await running.splice(0)[0]?.end()).toBe(0);
  });

  it('says which run it is, in a shard and in none', async () => {
    const [one, other] = [await start('one'), await start('one')];
    const { generation } = await one.app.stats();
    expect(generation).toMatch(/^[0-9a-f]{32}$/);
    await one.app.activate('rooms');
    expect((await one.app.stats()).generation).toBe(generation);
    expect((await other.app.stats()).generation).not.toBe(generation);
  });

  it('keeps slots apart, and wants one named when it serves several', async () => {
    const one = await serving('one', 4);
    await one.ask('POST', 'rooms/counters/a?by=5', { slot: 3 });
    expect((await one.ask('GET', 'rooms/counters/a', { slot: 3 })).value).toMatchObject({
      value: 5,
      slot: 3,
    });
    expect((await one.ask('GET', 'rooms/counters/a', { slot: 2 })).value).toMatchObject({ value: null });
    expect((await one.ask('GET', 'rooms/counters/a')).status).toBe(400);
    expect((await one.ask('GET', 'rooms/counters/a', { slot: 4 })).status).toBe(503);
    await one.ask('PUT', 'rooms/sessions/a', { slot: 1, value: { name: 'Ada' } });
    const { slots, metrics } = await one.app.stats();
    expect(slots.map(({ slot, stateBytes }) => [slot, stateBytes > 0])).toEqual([
      [0, false],
      [1, true],
      [2, false],
      [3, true],
    ]);
    expect(slots[1]?.dirtyBytesPerSecond).toBeGreaterThan(0);
    expect(metrics).toEqual({ sessions: 1, inFlight: 0 });
  });

  it('hands a slot over: pre-copy while it serves, then what changed, and no write under an old epoch', async () => {
    const [old, next] = [await serving('old'), await start('next')];
    for (let i = 0; i < 300; i++)
      await old.ask('PUT', `rooms/sessions/${i}`, { value: { text: 'x'.repeat(1000), i } });
    await old.ask('DELETE', 'rooms/sessions/7');
    await next.app.activate('rooms');
    const all = await old.app.state.changes(0, undefined);
    const copied = await buffer(all.stream);
    expect(copied.length).toBe(all.bytes);
    expect(copied.length).toBeGreaterThan(300_000);
    await next.app.state.apply(0, Readable.from([copied]));

    await old.ask('PUT', 'rooms/sessions/3', { value: 'changed' });
    await old.ask('DELETE', 'rooms/sessions/4');
    await old.app.quiesce([0]);
    expect((await old.ask('POST', 'rooms/counters/a')).status).toBe(503);
    const delta = await old.app.state.changes(0, all.token);
    const changed = await buffer(delta.stream);
    // It grows with the changes, not with the state.
    expect(changed.length).toBeLessThan(300);
    await next.app.state.apply(0, Readable.from([changed]));
    const nothing = await old.app.state.changes(0, delta.token);
    expect(await text(nothing.stream)).toMatch(/^.*"changes": 0.*\n$/);

    expect((await next.ask('GET', 'rooms/sessions/3')).status).toBe(503);
    await next.app.serve(0, 2);
    await old.app.release(0, 2);
    await old.app.release(0, 2);
    expect((await next.ask('GET', 'rooms/sessions/3')).value).toMatchObject({ value: 'changed', epoch: 2 });
    expect((await next.ask('GET', 'rooms/sessions/299')).value).toMatchObject({ value: { i: 299 } });
    for (const gone of [4, 7])
      expect((await next.ask('GET', `rooms/sessions/${gone}`)).value).toMatchObject({ value: null });
    expect((await next.ask('POST', 'rooms/counters/a', { slot: 0, epoch: 2 })).status).toBe(200);
    expect((await next.ask('POST', 'rooms/counters/a', { slot: 0, epoch: 1 })).status).toBe(409);
    expect((await old.ask('POST', 'rooms/counters/a', { slot: 0, epoch: 1 })).status).toBe(503);
    await expect(old.app.serve(0, 2)).rejects.toThrow('expected more than 2, got 2');
  });

  it('serves on when the hand-over does not happen', async () => {
    const one = await serving('one');
    await one.app.quiesce([0]);
    await one.app.quiesce([0]);
    expect((await one.ask('POST', 'rooms/counters/a')).status).toBe(503);
    await one.app.resume([0]);
    expect((await one.ask('POST', 'rooms/counters/a')).value).toMatchObject({ value: 1 });
  });

  it('takes sets in order and whole, and forgets what it is told to', async () => {
    const [old, next] = [await serving('old'), await start('next')];
    await next.app.activate('rooms');
    await old.ask('POST', 'rooms/counters/a');
    const first = await old.app.state.changes(0, undefined);
    const all = await buffer(first.stream);
    await old.ask('POST', 'rooms/counters/b');
    const second = await buffer((await old.app.state.changes(0, first.token)).stream);
    await expect(next.app.state.apply(0, Readable.from([second]))).rejects.toThrow('expected 0, got 1');
    await next.app.state.apply(0, Readable.from([all]));
    // Cut within a line, and after one: neither is a set.
    await expect(next.app.state.apply(0, Readable.from([second.subarray(0, -3)]))).rejects.toThrow(
      'expected 2xx',
    );
    const lines = second.toString().split('\n');
    await expect(next.app.state.apply(0, Readable.from([`${lines[0]}\n`]))).rejects.toThrow(
      'expected 1, got 0',
    );
    await unfinished(`${next.hooks}/slots/0/changes`, second);
    await next.app.state.apply(0, Readable.from([second]));
    await next.app.state.discard(0);
    await next.app.serve(0, 2);
    expect((await next.ask('GET', 'rooms/counters/a')).value).toMatchObject({ value: null });
    await expect(next.app.state.discard(0)).rejects.toThrow('not served');
    await expect(next.app.state.apply(0, Readable.from([all]))).rejects.toThrow(
      'expected one that is not served',
    );
  });

  it('is watched by a client that finds what is lost, and nothing where nothing is', async () => {
    const one = await serving('one');
    const client = await watch(one.port);
    await client.writes(200);
    expect(await client.finish()).toMatchObject({ code: 0, found: { failed: 0, lost: [] } });

    const again = await watch(one.port);
    await again.writes(200);
    await one.end();
    await again.fails();
    const empty = await start('empty', one.port);
    await empty.app.activate('rooms');
    await empty.app.serve(0, 2);
    await again.writes(100);
    const { code, found } = await again.finish();
    expect(code).toBe(1);
    expect(found.failed).toBeGreaterThan(0);
    expect(found.lost.join()).toMatch(/counters\/.* was acknowledged/);
    expect(found.holders.map(({ by, epoch }) => [by, epoch])).toEqual([
      ['one', 1],
      ['empty', 2],
    ]);
  });

  it('is watched by a client that goes on when an answer breaks off', async () => {
    const values = new Map<string, number>();
    let asked = 0;
    const server = createHttpServer((asking, answer) => {
      asking.resume().on('end', () => {
        asked += 1;
        const key = asking.url!;
        if (asked > 5 && asking.method !== 'GET') values.set(key, (values.get(key) ?? 0) + 1);
        const value = key.includes('sessions') ? { n: values.get(key) ?? 0 } : values.get(key);
        const said = JSON.stringify({ value, slot: 0, epoch: 1, by: 'breaks off' });
        answer.writeHead(200, { 'content-length': Buffer.byteLength(said) });
        if (asked > 5) answer.end(said);
        else answer.write(said.slice(0, 10), () => asking.socket.destroy());
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      const client = await watch((server.address() as AddressInfo).port);
      await client.writes(20);
      const { found } = await client.finish();
      expect(found.failed).toBe(5);
      expect(found.acknowledged).toBeGreaterThanOrEqual(20);
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });

  it('comes with settings and a configuration of the agent that hold', () => {
    const settings = parseSettings(readFileSync(join(HERE, 'settings.yaml'), 'utf8'), 'settings.yaml');
    expect(settings.shards.map(({ handOver }) => [handOver.state, handOver.slots.count])).toEqual([
      ['copy', 1],
      ['copy', 4],
    ]);
    const config = parseConfig(readFileSync(join(HERE, 'agent.yaml'), 'utf8'), 'agent.yaml');
    expect(config.service).toBe(settings.service);
  });

  it('is installed where its unit looks for it', () => {
    const root = mkdtempSync(join(tmpdir(), 'foreshard-stateful-'));
    try {
      const env = { PATH: process.env.PATH, FORESHARD_ROOT: root };
      expect(spawnSync(join(HERE, 'install.sh'), { env }).status).toBe(0);
      const unit = readFileSync(join(root, 'etc/systemd/system/foreshard-stateful.service'), 'utf8');
      const [, service = ''] = /^ExecStart=\S+ -B (\S+)$/m.exec(unit) ?? [];
      expect(statSync(join(root, service)).isFile()).toBe(true);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

interface Found {
  readonly acknowledged: number;
  readonly failed: number;
  readonly lost: readonly string[];
  readonly holders: readonly { readonly by: string; readonly epoch: number }[];
}

/** The client as a process. */
async function watch(port: number) {
  const child = spawn(join(HERE, 'client.py'), [`http://127.0.0.1:${port}/rooms`, '--writers', '2']);
  const out = text(child.stdout);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let [acknowledged, failed] = [0, 0];
  let more = () => {};
  createInterface(child.stderr).on('line', (line) => {
    const said = /^(\d+) writes acknowledged, (\d+) failed$/.exec(line);
    if (said === null)
      throw new Error(`the client: expected "N writes acknowledged, N failed", got "${line}"`);
    [acknowledged, failed] = [Number(said[1]), Number(said[2])];
    more();
  });
  const until = async (reached: () => boolean) => {
    while (!reached() && child.exitCode === null)
      await new Promise<void>((resolve) => {
        more = resolve;
      });
  };
  return {
    /** Until so many more than now are acknowledged. */
    writes: (count: number) => {
      const most = acknowledged + count;
      return until(() => acknowledged >= most);
    },
    /** Until one write has failed. */
    fails: () => until(() => failed > 0),
    finish: async () => {
      child.stdin.end();
      const code = await ended;
      return { code, found: JSON.parse(await out) as Found };
    },
  };
}

/** Sends a chunked body and breaks off before its end. */
async function unfinished(url: string, body: Buffer): Promise<void> {
  const sent = request(url, { method: 'POST' });
  sent.on('error', () => {});
  await new Promise<void>((done) => sent.write(body, () => done()));
  sent.destroy();
  await new Promise((closed) => sent.once('close', closed));
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
