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

describe('a connection that is upgraded', () => {
  /** An application that gives back what it gets, after its name. */
  const withEcho = async (name: string, rule = BY) => {
    const one = await stage.slice(echo(name), rule);
    one.server.on('upgrade', (asked, socket) => {
      const { 'foreshard-slot': slot } = asked.headers;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: test\r\n\r\n${name}${slot} `,
      );
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    return one;
  };
  const open = async (port: number, slot: number) => {
    const socket = connect(port, '127.0.0.1');
    let all = '';
    let isClosed = false;
    socket.on('data', (chunk) => {
      all += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    socket.write(
      `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: test\r\nx-room: ${keyOf(slot)}\r\n\r\n`,
    );
    return { socket, all: () => all, isClosed: () => isClosed };
  };

  test('gets to the holder, nobody waits for its end, and it is cut when the slot goes', async () => {
    const one = await withEcho('one');
    const two = await withEcho('two');
    one.serve(0);
    two.serve(1);
    one.table.pass(1, 1, two.slice);
    const [here, there] = [await open(one.port, 0), await open(one.port, 1)];
    await seen(() => here.all().includes('one0 ') && there.all().includes('two1 '));
    here.socket.write('ping');
    there.socket.write('pong');
    await seen(() => here.all().endsWith('ping') && there.all().endsWith('pong'));
    expect(one.table.inFlight([0])).toBe(0);
    one.table.seal([0]);
    two.table.seal([1]);
    await seen(() => here.isClosed() && there.isClosed());
  });

  test('is refused where the application does not want it', async () => {
    const one = await stage.slice(echo('one'), BY);
    one.serve(0);
    const got = await open(one.port, 0);
    await seen(() => got.isClosed());
    expect(got.all()).toContain('HTTP/1.1 200');
  });
});

describe('strangers', () => {
  const raw = (port: number, text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let all = '';
      socket.on('data', (chunk) => {
        all += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(all));
      socket.write(text);
    });

  test.each([
    ['garbage', 'nonsense\r\n\r\n', '400'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', '400'],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', '400'],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    ['huge headers', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, '431'],
  ])('%s is refused, and the next client served', async (_, text, status) => {
    const one = await stage.slice(echo('one'));
    one.serve(0);
    expect(await raw(one.port, text)).toContain(` ${status} `);
    expect((await ask(one.port)).status).toBe(200);
  });
});
