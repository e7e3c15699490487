import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpApp } from '../../../agent/hooks/http.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

let server: Server;
let asked: string[];
let answer: Answer;
let app: HttpApp;

const yes: Answer = (_, response) => response.end('ok');

beforeEach(async () => {
  asked = [];
  answer = yes;
  server = createServer(async (request, response) => {
    let body = Buffer.alloc(0);
    try {
      body = await buffer(request);
    } catch {
      asked.push(`${request.method} ${request.url} cut off`);
      return;
    }
    asked.push(`${request.method} ${request.url} ${body.length < 200 ? body : body.length}`.trim());
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  app = appWith({});
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function appWith(timeouts: { call?: number; activate?: number; stall?: number }) {
  const { port } = server.address() as AddressInfo;
  return new HttpApp({
    base: `http://127.0.0.1:${port}/fs/`,
    shard: 'cart',
    listen: 18080,
    timeouts: { call: 5, activate: 5, stall: 5, ...timeouts },
  });
}

describe('hooks by HTTP', () => {
  it('are asked as the documentation says', async () => {
    await app.activate('cart');
    await app.serve(3, 17);
    await app.quiesce([1, 3]);
    await app.resume([1, 3]);
    await app.release(3, 18);
    await app.state.discard(3);
    await app.deactivate('cart');
    expect(asked).toEqual([
      'POST /fs/activate {"shard":"cart","port":18080}',
      'POST /fs/serve {"shard":"cart","slot":3,"epoch":17}',
      'POST /fs/quiesce {"shard":"cart","slots":[1,3]}',
      'POST /fs/resume {"shard":"cart","slots":[1,3]}',
      'POST /fs/release {"shard":"cart","slot":3,"epoch":18}',
      'DELETE /fs/slots/3',
      'POST /fs/deactivate {"shard":"cart","port":18080}',
    ]);
  });

  it('stream what changed, with a token and where known the bytes', async () => {
    answer = (_, response) => {
      response.setHeader('foreshard-token', 'a b');
      response.setHeader('content-length', 5);
      response.end('12345');
    };
    const changes = await app.state.changes(0, 'x&y');
    expect([changes.token, changes.bytes]).toEqual(['a b', 5]);
    expect(await text(changes.stream)).toBe('12345');
    expect(asked).toEqual(['GET /fs/slots/0/changes?since=x%26y']);
    answer = (_, response) => {
      response.setHeader('foreshard-token', 't');
      response.flushHeaders();
      response.end();
    };
    expect(await app.state.changes(0, undefined)).not.toHaveProperty('bytes');
    answer = yes;
    await expect(app.state.changes(0, undefined)).rejects.toThrow(
      /expected a header foreshard-token, got none/,
    );
  });

  it('apply a stream of any size', async () => {
    const chunk = Buffer.alloc(100_000, 7);
    await app.state.apply(2, Readable.from(Array.from({ length: 50 }, () => chunk)));
    expect(asked).toEqual(['POST /fs/slots/2/changes 5000000']);
  });

  it('never end a set that was cut off as if it were whole', async () => {
    const cut = Readable.from(
      (async function* () {
        const arrived = once(server, 'request');
        yield Buffer.alloc(100_000);
        await arrived;
        throw new Error('the link is gone');
      })(),
    );
    await expect(app.state.apply(2, cut)).rejects.toThrow('the link is gone');
    await expect.poll(() => asked).toEqual(['POST /fs/slots/2/changes cut off']);
  });

  it('take no answer before the last byte for a yes', async () => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.end('ok'));
    const endless = Readable.from(
      (async function* () {
        for (;;) yield Buffer.alloc(100_000);
      })(),
    );
    await expect(app.state.apply(2, endless)).rejects.toThrow(/expected an answer after the last byte$/);
    expect(endless.destroyed).toBe(true);
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.writeHead(507).end('disk full'));
    const more = Readable.from(Array.from({ length: 1000 }, () => Buffer.alloc(100_000)));
    await expect(app.state.apply(2, more)).rejects.toThrow(/got 507: disk full$/);
    expect(more.destroyed).toBe(true);
  });

  it('give up a stream of changes that breaks', async () => {
    answer = (_, response) => {
      response.setHeader('foreshard-token', 't');
      response.write('begun');
      setImmediate(() => response.destroy());
    };
    const { stream } = await app.state.changes(0, undefined);
    await expect(text(stream)).rejects.toThrow();
  });

  it('fail with what the application says', async () => {
    answer = (_, response) => response.writeHead(409).end('\nslot 3 is served\nmore');
    await expect(app.serve(3, 1)).rejects.toThrow(
      /^POST http:\/\/127\.0\.0\.1:\d+\/fs\/serve: expected 2xx, got 409: slot 3 is served$/,
    );
  });

  it('fail when nothing answers, when the answer takes too long, and when they are called off', async () => {
    answer = () => {};
    await expect(appWith({ call: 0.1 }).quiesce([0])).rejects.toThrow(/no answer after 0\.1 s$/);
    const off = new AbortController();
    const quiesced = app.quiesce([0], off.signal);
    off.abort(new Error('called off'));
    await expect(quiesced).rejects.toThrow();
    answer = (_, response) => {
      response.setHeader('foreshard-token', 't');
      response.write('begun');
    };
    const { stream } = await appWith({ stall: 0.1 }).state.changes(0, undefined);
    await expect(text(stream)).rejects.toThrow(/no byte for 0\.1 s$/);
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await expect(app.activate('cart')).rejects.toThrow(/POST .*\/activate: .*ECONNREFUSED/);
  });

  it('say nothing of themselves where there is no hook stats', async () => {
    answer = (_, response) => response.writeHead(404).end();
    expect(await app.stats()).toEqual({ slots: [], metrics: {} });
    answer = (_, response) =>
      response.end(
        '{"slots": [{"slot": 1, "stateBytes": 5, "dirtyBytesPerSecond": 2}], "metrics": {"cpu": 0.5}}',
      );
    expect(await app.stats()).toEqual({
      slots: [{ slot: 1, stateBytes: 5, dirtyBytesPerSecond: 2 }],
      metrics: { cpu: 0.5 },
    });
    answer = (_, response) => response.end('{"generation": "b7"}');
    expect(await app.stats()).toEqual({ slots: [], metrics: {}, generation: 'b7' });
    answer = (_, response) => response.end('{"generation": ""}');
    await expect(app.stats()).rejects.toThrow(/stats: generation: /);
    answer = (_, response) => response.end('{"slots": [{"slot": 1, "stateBytes": -5}]}');
    await expect(app.stats()).rejects.toThrow(/stats: slots\[0\]\.stateBytes: /);
    answer = (_, response) => response.end('<html>');
    await expect(app.stats()).rejects.toThrow(/stats: expected JSON, got "<html>"/);
  });

  it('read no answer without end', async () => {
    answer = (_, response) => response.end(Buffer.alloc(2 * 1024 * 1024));
    await expect(app.serve(0, 1)).rejects.toThrow(/expected an answer of at most 1048576 bytes/);
  });
});
