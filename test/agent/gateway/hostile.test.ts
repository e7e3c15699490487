import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, echo, GatewayStage } from './stage.ts';

let stage: GatewayStage;
beforeEach(() => {
  stage = new GatewayStage();
});
afterEach(() => stage.close());

/** Bytes as they are; all that comes back until the gateway ends the connection. */
async function say(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe('a client that means harm', () => {
  const inner = [
    'POST /inner HTTP/1.1\r\nhost: x\r\n',
    'foreshard-slot: 3\r\nforeshard-epoch: 99\r\ncontent-length: 0\r\n\r\n',
  ].join('');

  test.each(['GET', 'DELETE', 'OPTIONS', 'POST'])(
    '%s: hides no request in a body by taking the length away',
    async (method) => {
      const got: string[] = [];
      const one = await stage.slice((request, response) => {
        got.push(`${request.method} ${request.url}`);
        request.resume();
        response.end();
      });
      one.serve(0);
      const head = `host: x\r\nconnection: close, Content-Length\r\ncontent-length: ${inner.length}`;
      await say(one.port, `${method} / HTTP/1.1\r\n${head}\r\n\r\n${inner}`);
      // The next one on the kept connection to the application.
      expect((await ask(one.port, '/next')).status).toBe(200);
      expect(got).toEqual([`${method} /`, 'GET /next']);
    },
  );

  test('cannot take away what the load balancer says of it', async () => {
    const one = await stage.slice(echo('one'));
    one.serve(0);
    const got = await ask(one.port, '/', {
      headers: { connection: 'X-Forwarded-For, X-Own', 'x-forwarded-for': '9.9.9.9', 'x-own': '1' },
    });
    expect(JSON.parse(got.body).headers).toMatchObject({ 'x-forwarded-for': '9.9.9.9' });
    expect(JSON.parse(got.body).headers).not.toHaveProperty('x-own');
  });

  test('cannot make up a slot under another spelling', async () => {
    const one = await stage.slice(echo('one'));
    one.serve(0);
    const got = await ask(one.port, '/', { headers: { Foreshard_Slot: '7', 'Foreshard-Epoch': '9' } });
    const { headers } = JSON.parse(got.body);
    expect(headers).toMatchObject({ 'foreshard-slot': '0', 'foreshard-epoch': '1' });
    expect(Object.keys(headers).filter((name) => name.includes('_'))).toEqual([]);
  });

  test('gets no HTTP through a tunnel to the application: its request is an ordinary one', async () => {
    const one = await stage.slice(echo('one'));
    one.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 x\r\nupgrade: h2c\r\n\r\n'));
    one.serve(0);
    const head =
      'host: x\r\nconnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AA';
    const got = await say(one.port, `POST /a HTTP/1.1\r\n${head}\r\ncontent-length: 4\r\n\r\nbody`);
    expect(got).toMatch(/^HTTP\/1.1 200/);
    expect(got).toContain('"body":"body"');
    expect(got).not.toContain('h2c');
  });

  test('changes nothing by way of the health check', async () => {
    const one = await stage.slice(echo('one'));
    expect((await ask(one.port, '/health')).status).toBe(200);
    const asked = ask(one.port, '/health', { method: 'POST', body: 'x' });
    await expect.poll(() => one.gateway.held).toBe(1);
    await stage.clock.pass(11);
    expect((await asked).status).toBe(503);
  });
});

describe('a request that names two keys', () => {
  const header = { header: 'x-room' };
  const cookie = { cookie: 'sid' };
  test.each([
    ['a repeated header', header, '/', 'x-room: a\r\nX-Room: b', 400],
    ['a header that is repeated as it is', header, '/', 'x-room: a\r\nX-Room: a', 200],
    ['a repeated cookie', cookie, '/', 'cookie: sid=a; x=y; sid=b', 400],
    ['one cookie', cookie, '/', 'cookie: sid=a; x=y', 200],
    ['a way up', { path: 1 }, '/rooms/a/../b', 'x: y', 400],
    ['a way up that is escaped', { path: 1 }, '/rooms/a/%2e%2E/b', 'x: y', 400],
    ['an empty segment before it', { path: 1 }, '//rooms/a', 'x: y', 400],
    ['dots in a name, and an empty end', { path: 1 }, '/rooms/a..b/', 'x: y', 200],
    ['the root', { path: 1 }, '/', 'x: y', 200],
  ])('%s', async (_, by, path, line, status) => {
    const one = await stage.slice(echo('one'), { count: 4, by });
    one.serve(0, 1, 2, 3);
    const got = await say(
      one.port,
      `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${line}\r\n\r\n`,
    );
    expect(got).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

describe('bodies that do not end', () => {
  test('take no more memory than they may: those of the others are streamed to the holder', async () => {
    const here = await stage.slice(echo('here'), { count: 1 }, { limits: { heldBytes: 150 } });
    let arrived = 0;
    const there = await stage.slice((request, response) => {
      arrived += 1;
      echo('there')(request, response);
    });
    there.serve(0);
    here.table.pass(0, 1, there.slice);
    const stalled = ['a', 'b', 'c'].map((name) => {
      const socket = connect(here.port, '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.write(`POST /${name} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n0123456789`);
      return socket;
    });
    // Two of the three have no room here and go on at once, as far as they have come.
    await expect.poll(() => arrived).toBe(2);
    for (const socket of stalled) socket.write('x'.repeat(90));
    await expect.poll(() => stalled.map(({ bytesRead }) => bytesRead > 0)).toEqual([true, true, true]);
    for (const socket of stalled) socket.destroy();
    const got = await ask(here.port, '/', { method: 'POST', body: 'y'.repeat(120) });
    expect(JSON.parse(got.body)).toMatchObject({ name: 'there', body: 'y'.repeat(120) });
  });
});

describe('an application whose answers are none', () => {
  test.each(['099 x', '101 Switching', '200 \u0001'])('%s: a 502, and the agent goes on', async (line) => {
    const app = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`));
    });
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    const { port } = app.address() as { port: number };
    const one = await stage.slice(echo('one'), { count: 1 }, { app: { host: '127.0.0.1', port } });
    one.serve(0);
    expect((await ask(one.port, '/', { method: 'POST' })).status).toBe(502);
    expect((await ask(one.port, '/health')).status).toBe(503);
    app.close();
  });

  test('is not asked twice because it says what only gateways say', async () => {
    let asked = 0;
    const one = await stage.slice((_, response) => {
      asked += 1;
      response.writeHead(503, { 'foreshard-not-holder': '1' }).end();
    });
    one.serve(0);
    const { status, headers } = await ask(one.port, '/', { method: 'POST' });
    expect({ status, asked }).toEqual({ status: 503, asked: 1 });
    expect(headers).not.toHaveProperty('foreshard-not-holder');
  });
});
