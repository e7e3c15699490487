import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { slotOf } from '../../../core/hand-over/slots.ts';
import { ask, echo, GatewayStage, seen } from './stage.ts';

let stage: GatewayStage;
beforeEach(() => {
  stage = new GatewayStage();
});
afterEach(() => stage.close());

const BY = { count: 4, by: { header: 'x-room' } } as const;
const keyOf = (slot: number) => {
  for (let i = 0; ; i += 1) if (slotOf(`k${i}`, 4) === slot) return `k${i}`;
};
const room = (slot: number, more: Record<string, string> = {}) => ({
  headers: { 'x-room': keyOf(slot), ...more },
});

describe('a slot that is held here', () => {
  test('goes to the application with slot and epoch, and without what a client made up of them', async () => {
    const one = await stage.slice(echo('one'), BY);
    one.serve(2);
    const got = await ask(
      one.port,
      '/a?b=1',
      room(2, { 'foreshard-slot': '9', 'foreshard-epoch': '99', 'x-a': 'b' }),
    );
    expect(got.status).toBe(200);
    const { headers, ...rest } = JSON.parse(got.body);
    expect(rest).toEqual({ name: 'one', method: 'GET', url: '/a?b=1', body: '' });
    expect(headers).toMatchObject({ 'foreshard-slot': '2', 'foreshard-epoch': '1', 'x-a': 'b' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])(
    '%s keeps its body, by length and in chunks',
    async (method) => {
      const one = await stage.slice(echo('one'));
      one.serve(0);
      for (const headers of [{ 'content-length': '200000' }, { 'transfer-encoding': 'chunked' }]) {
        const got = await ask(one.port, '/', { method, headers, body: 'x'.repeat(200_000) });
        expect(JSON.parse(got.body).body.length).toBe(200_000);
      }
    },
  );

  test('passes status, repeated headers and an empty answer on', async () => {
    const one = await stage.slice((_, response) => {
      response.writeHead(204, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'X-Own', 'c']).end();
    });
    one.serve(0);
    const got = await ask(one.port, '/', { method: 'POST' });
    expect(got).toMatchObject({ status: 204, body: '' });
    expect(got.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-own': 'c' });
  });

  test('an application that is down is a 503, one that hangs up a 502', async () => {
    const one = await stage.slice((request) => request.socket.destroy());
    one.serve(0);
    expect((await ask(one.port, '/', { method: 'POST', body: 'x' })).status).toBe(502);
    one.server.close();
    one.server.closeAllConnections();
    const got = await ask(one.port, '/', { method: 'POST', body: 'x' });
    expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });
});

describe('a slot that another slice holds', () => {
  test('is forwarded to its gateway, body and all', async () => {
    const one = await stage.slice(echo('one'), BY);
    const two = await stage.slice(echo('two'), BY);
    two.serve(1);
    one.table.pass(1, 1, two.slice);
    for (const size of [10, 300_000]) {
      const got = await ask(one.port, '/w', { method: 'POST', ...room(1), body: 'y'.repeat(size) });
      const { name, body, headers } = JSON.parse(got.body);
      expect([name, body.length]).toEqual(['two', size]);
      expect(headers['foreshard-hop']).toBeUndefined();
    }
  });

  test('a hop that ends at the wrong holder is refused, never sent on', async () => {
    const one = await stage.slice(echo('one'), BY);
    const two = await stage.slice(echo('two'), BY);
    one.table.pass(1, 1, two.slice);
    const got = await ask(one.port, '/', room(1, { 'foreshard-hop': '1' }));
    expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'foreshard-not-holder': '1' } });
  });

  test('two gateways that each think the other holds it end in a refusal', async () => {
    const one = await stage.slice(echo('one'), BY);
    const two = await stage.slice(echo('two'), BY);
    one.table.pass(1, 1, two.slice);
    two.table.pass(1, 1, one.slice);
    const asked = ask(one.port, '/', room(1));
    const pump = setInterval(() => stage.clock.step(1), 5);
    expect((await asked).status).toBe(503);
    clearInterval(pump);
  });

  test('finds the new holder when the map was old, with the body of a small write', async () => {
    const three = await stage.slice(echo('three'), BY);
    const two = await stage.slice(echo('two'), BY);
    const one = await stage.slice(echo('one'), BY, { onRefresh: (table) => table.pass(1, 2, three.slice) });
    three.serve(1);
    one.table.pass(1, 1, two.slice);
    two.table.pass(1, 2, three.slice);
    const asked = ask(one.port, '/', { method: 'POST', ...room(1), body: 'abc' });
    const pump = setInterval(() => stage.clock.step(1), 5);
    expect(JSON.parse((await asked).body)).toMatchObject({ name: 'three', body: 'abc' });
    clearInterval(pump);
  });

  test('an agent that nobody knows, and one that is gone, are refusals', async () => {
    const one = await stage.slice(echo('one'), BY);
    const two = await stage.slice(echo('two'), BY);
    await two.gateway.close();
    const pump = setInterval(() => stage.clock.step(1), 5);
    for (const holder of ['i-9:8080', two.slice]) {
      one.table.pass(1, 1, holder);
      expect((await ask(one.port, '/', room(1))).status).toBe(503);
    }
    clearInterval(pump);
  });
});

describe('requests without a key', () => {
  test('go to any slot that is served here, else to a holder', async () => {
    const one = await stage.slice(echo('one'), BY);
    const two = await stage.slice(echo('two'), BY);
    two.serve(0, 3);
    one.table.pass(3, 1, two.slice);
    const slots = new Set<string>();
    for (let i = 0; i < 4; i += 1)
      slots.add(JSON.parse((await ask(two.port)).body).headers['foreshard-slot']);
    expect([...slots].sort()).toEqual(['0', '3']);
    expect(JSON.parse((await ask(one.port)).body).name).toBe('two');
  });
});

describe('a switch', () => {
  test('holds new requests, and sends them to the new holder', async () => {
    const one = await stage.slice(echo('one'));
    const two = await stage.slice(echo('two'));
    one.serve(0);
    one.table.hold([0]);
    const asked = [1, 2, 3].map((i) => ask(one.port, `/${i}`, { method: 'POST', body: `${i}` }));
    await seen(() => one.gateway.held === 3);
    two.serve(0);
    one.table.pass(0, 2, two.slice);
    for (const got of await Promise.all(asked)) expect(JSON.parse(got.body).name).toBe('two');
    expect(one.gateway.held).toBe(0);
  });

  test('that does not happen lets them through here', async () => {
    const one = await stage.slice(echo('one'));
    one.serve(0);
    one.table.hold([0]);
    const asked = ask(one.port);
    await seen(() => one.gateway.held === 1);
    one.table.seal([0]);
    one.table.resume([0]);
    expect(JSON.parse((await asked).body).name).toBe('one');
  });

  test('an answer that comes after the seal is not passed on: a write is unclear, a read asks the new holder', async () => {
    let answer: (() => void)[] = [];
    const one = await stage.slice((_, response) => answer.push(() => response.end('late')));
    const two = await stage.slice(echo('two'));
    one.serve(0);
    two.serve(0);
    const write = ask(one.port, '/', { method: 'POST', body: 'x' });
    const read = ask(one.port, '/');
    await seen(() => answer.length === 2);
    expect(one.table.inFlight([0])).toBe(2);
    one.table.hold([0]);
    one.table.seal([0]);
    expect(one.table.inFlight([0])).toBe(0);
    for (const say of answer) say();
    answer = [];
    expect((await write).status).toBe(502);
    one.table.pass(0, 2, two.slice);
    expect(JSON.parse((await read).body).name).toBe('two');
  });

  test('an answer that had begun is cut', async () => {
    const one = await stage.slice((_, response) => {
      response.write('begun');
    });
    one.serve(0);
    const [answer] = await once(
      request({ host: '127.0.0.1', port: one.port, agent: false }).end(),
      'response',
    );
    const cut = expect(once(answer.resume(), 'end')).rejects.toThrow();
    one.table.seal([0]);
    await cut;
  });

  test('more than it may hold, or for longer, is refused', async () => {
    const one = await stage.slice(echo('one'), { count: 1 }, { limits: { held: 2, holdSeconds: 5 } });
    one.serve(0);
    one.table.hold([0]);
    const held = [ask(one.port), ask(one.port)];
    await seen(() => one.gateway.held === 2);
    expect((await ask(one.port)).status).toBe(503);
    await stage.clock.pass(5);
    for (const got of await Promise.all(held))
      expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(one.gateway.held).toBe(0);
  });

  test('bytes that wait are bounded', async () => {
    const one = await stage.slice(echo('one'), { count: 1 }, { limits: { heldBytes: 20_000 } });
    one.serve(0);
    one.table.hold([0]);
    const first = ask(one.port, '/', { method: 'POST', body: 'x'.repeat(15_000) });
    await seen(() => one.gateway.held === 1);
    expect((await ask(one.port, '/', { method: 'POST', body: 'x'.repeat(15_000) })).status).toBe(503);
    one.table.resume([0]);
    expect(JSON.parse((await first).body).body.length).toBe(15_000);
  });

  test('a client that goes away leaves its place', async () => {
    const one = await stage.slice(echo('one'));
    one.serve(0);
    one.table.hold([0]);
    const socket = connect(one.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await seen(() => one.gateway.held === 1);
    socket.destroy();
    await seen(() => one.gateway.held === 0);
  });
});

describe('the lease', () => {
  test('ended: nothing is served or acknowledged, and not again before the slot is acquired anew', async () => {
    const answers: (() => void)[] = [];
    const one = await stage.slice((_, response) => answers.push(() => response.end('late')));
    one.serve(0);
    const write = ask(one.port, '/', { method: 'POST', body: 'x' });
    await seen(() => answers.length === 1);
    await stage.clock.pass(30);
    expect((await write).status).toBe(502);
    one.lease.renew(stage.clock.monotonic(), 30);
    const held = ask(one.port);
    await seen(() => one.gateway.held === 1);
    one.serve(0);
    await seen(() => answers.length === 2);
    answers[1]!();
    expect((await held).body).toBe('late');
  });

  test('health is the application’s word while it lasts', async () => {
    const one = await stage.slice((request, response) => {
      response.statusCode = request.url === '/health' ? 200 : 500;
      response.end();
    });
    expect((await ask(one.port, '/health')).status).toBe(200);
    await stage.clock.pass(31);
    expect((await ask(one.port, '/health')).status).toBe(503);
  });
});
