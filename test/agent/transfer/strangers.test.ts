import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission } from '../../../agent/transfer/admission.ts';
import { FRAME, frameHead, MOST_FRAME } from '../../../agent/transfer/frames.ts';
import { type CopyServer, openCopy } from '../../../agent/transfer/index.ts';
import { clientTls, knockOf, MOST_KNOCK } from '../../../agent/transfer/knock.ts';
import { BlockSource, FakeTarget, ID, QUICK, serverOf } from './fakes.ts';

let server: CopyServer;
let port: number;
let secret: Buffer;
let target: FakeTarget;
const limits = { pending: 8, pendingPerAddress: 6, perSecond: 1000 };

beforeEach(async () => {
  target = new FakeTarget();
  ({ server, port, secret } = await serverOf(target, { handshake: 300, limits }));
});
afterEach(() => server.close());

async function stranger(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** A reset is as good as an end. */
const closed = (socket: Socket) =>
  new Promise<void>((settle) => {
    socket.once('close', () => settle());
  });

/** What it got until it was closed. */
async function answerTo(bytes: Buffer | string): Promise<Buffer> {
  const socket = await stranger();
  const got: Buffer[] = [];
  socket.on('data', (data: Buffer) => got.push(data));
  socket.write(bytes);
  await closed(socket);
  return Buffer.concat(got);
}

/** The agent still does its work. */
async function works(): Promise<void> {
  const copy = await openCopy({ host: '127.0.0.1', port, id: ID, secret, timing: QUICK });
  const source = new BlockSource([0], 20);
  await copy.finish(source, [0]);
  expect(target.sink.has(0, source)).toBe(true);
  await copy.close();
}

describe('a stranger gets nothing but a closed socket', () => {
  it.each([
    ['random bytes', randomBytes(100_000)],
    ['an HTTP request', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a TLS hello', Buffer.from('160301020001000000', 'hex')],
    ['a knock that never ends', `foreshard/1 ${'a'.repeat(MOST_KNOCK)}`],
    ['an id that is none', 'foreshard/1 ../../etc\u0000\n'],
    ['a knock with more behind it', `${knockOf(ID)}more`],
    ['an empty line', '\n'],
  ])('%s', async (_, bytes) => {
    expect(await answerTo(bytes)).toHaveLength(0);
    expect(server.refused.knock).toBe(1);
    await works();
  });

  it('who knows no hand-over', async () => {
    expect(await answerTo(knockOf('other@1'))).toHaveLength(0);
    expect(server.refused.unknown).toBe(1);
    await works();
  });

  it('who knows one, but not its secret', async () => {
    const wrong = { host: '127.0.0.1', port, id: ID, secret: randomBytes(32), timing: QUICK };
    await expect(openCopy(wrong)).rejects.toMatchObject({ code: 'refused' });
    const garbage = await stranger();
    garbage.write(knockOf(ID));
    await once(garbage, 'data');
    garbage.write(randomBytes(20_000));
    await closed(garbage);
    expect(server.refused.handshake).toBe(2);
    expect(target.told).toEqual([]);
    await works();
  });

  it('who says nothing, or stops half-way', async () => {
    const silent = await stranger();
    const half = await stranger();
    half.write('foreshard/1 sea');
    const known = await stranger();
    known.write(knockOf(ID));
    known.resume();
    await Promise.all([closed(silent), closed(half), closed(known)]);
    await vi.waitFor(() => expect(server.refused.knock).toBe(2));
    await works();
  });

  it('who opens too many connections: the others still get in', async () => {
    const many = await Promise.all(Array.from({ length: 12 }, stranger));
    await Promise.all(many.map((socket) => closed(socket.resume())));
    expect(server.refused.busy).toBe(6);
    await works();
  });

  it('who knocks too often costs no look-up', async () => {
    let asked = 0;
    const other = await serverOf(target, {
      lookup: async () => {
        asked += 1;
        return undefined;
      },
      limits: { pending: 100, pendingPerAddress: 100, perSecond: 1 },
    });
    port = other.port;
    for (let i = 0; i < 20; i += 1) await answerTo(knockOf('other@1'));
    expect(asked).toBeLessThan(6);
    expect(other.server.refused.rate).toBeGreaterThan(14);
    await other.server.close();
  });

  it('when the hand-over cannot be looked up', async () => {
    const said: string[] = [];
    const other = await serverOf(target, {
      lookup: async () => {
        throw new Error('table: throttled');
      },
      onRefused: (why, message) => said.push(`${why}: ${message}`),
    });
    port = other.port;
    expect(await answerTo(knockOf(ID))).toHaveLength(0);
    expect(said).toEqual([`lookup: ${ID}: table: throttled`]);
    await other.server.close();
  });
});

describe('an agent that says what it must not', () => {
  async function authenticated() {
    const raw = await stranger();
    raw.write(knockOf(ID));
    await once(raw, 'data');
    const socket = connectTls({ socket: raw, ...clientTls(secret, ID, 0) });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  }
  const hello = (fresh = true) =>
    frameHead(FRAME.hello, Buffer.from(JSON.stringify({ nonce: '0'.repeat(32), fresh })));
  const head = (length: number, kind: number) => {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt32BE(length, 0);
    bytes[4] = kind;
    return bytes;
  };

  it.each([
    ['no hello', [frameHead(FRAME.message, Buffer.from('x'))]],
    ['a frame that is too long before it', [head(MOST_FRAME + 1, FRAME.hello)]],
    ['a hello that is no JSON', [frameHead(FRAME.hello, Buffer.from('{'))]],
    ['a copy that is not here', [hello(false)]],
  ])('%s', async (_, frames) => {
    const socket = await authenticated();
    socket.resume();
    for (const frame of frames) socket.write(frame);
    await closed(socket);
    expect(server.refused.hello).toBe(1);
    expect(server.copies).toBe(0);
    await works();
  });

  it.each([
    ['a frame that is too long', head(MOST_FRAME + 1, FRAME.message)],
    ['an empty frame', Buffer.alloc(4)],
    ['a kind of frame that is none', frameHead(99, Buffer.from('x'))],
    [
      'a message that is none',
      frameHead(FRAME.message, Buffer.from('\0\0\0\x01\x01\0\0\0\0\xff\xff\xff\xff')),
    ],
    ['an acknowledgement that is none', frameHead(FRAME.acknowledge, Buffer.from('abc'))],
  ])('after the hello: %s', async (_, frame) => {
    const socket = await authenticated();
    socket.write(hello());
    await once(socket, 'data');
    socket.resume();
    socket.write(frame);
    await closed(socket);
    await works();
  });
});

/** A self-signed certificate and its key; undefined where there is no openssl. */
function selfSigned(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'foreshard-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout'.split(' ');
  const made = spawnSync('openssl', [...args, key, '-out', cert], { stdio: 'ignore' });
  const pem = made.status === 0 ? readFileSync(key, 'utf8') + readFileSync(cert, 'utf8') : undefined;
  rmSync(folder, { recursive: true });
  return pem;
}

describe('a stranger in the place of the target', () => {
  it('who has a certificate, and not the secret, gets nothing', async (context) => {
    const pem = selfSigned();
    if (pem === undefined) return context.skip('no openssl');
    const tls = createTlsServer({ key: pem, cert: pem });
    tls.on('tlsClientError', () => undefined);
    let got = 0;
    tls.on('secureConnection', (socket) => socket.on('data', ({ length }) => (got += length)));
    const rogue = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(Uint8Array.of(6));
        tls.emit('connection', socket);
      });
    });
    await new Promise<void>((settle) => rogue.listen(0, '127.0.0.1', settle));
    const to = { host: '127.0.0.1', port: (rogue.address() as { port: number }).port, id: ID, secret };
    await expect(openCopy({ ...to, timeout: 1000 })).rejects.toMatchObject({ code: 'refused' });
    expect(got).toBe(0);
    await new Promise((settle) => rogue.close(settle));
  });

  it('whose certificate anyone would trust gets nothing either', () => {
    const { ca, checkServerIdentity } = clientTls(secret, ID, 0);
    expect(ca).toEqual([]);
    expect(checkServerIdentity!('x', { subject: {} } as never)).toMatchObject({ code: 'refused' });
    expect(checkServerIdentity!('x', {} as never)).toBeUndefined();
  });
});

describe('admission', () => {
  it('fills an address’s bucket again with time, and not another’s', () => {
    const admission = new Admission({ pending: 1, pendingPerAddress: 1, perSecond: 2 });
    expect([1, 2, 3, 4, 5].map(() => admission.knock('a', 10))).toEqual([true, true, true, true, false]);
    expect(admission.knock('b', 10)).toBe(true);
    expect(admission.knock('a', 10.5)).toBe(true);
    expect(admission.knock('a', 10.5)).toBe(false);
  });

  it('forgets the addresses that knocked longest ago', () => {
    const admission = new Admission({ pending: 1, pendingPerAddress: 1, perSecond: 0.5 });
    expect(admission.knock('a', 0)).toBe(true);
    expect(admission.knock('a', 0)).toBe(false);
    for (let i = 0; i < 1024; i += 1) admission.knock(`b${i}`, 0);
    expect(admission.knock('a', 0)).toBe(true);
  });
});
