import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HopFlow } from '../../../agent/transfer/hop-flow.ts';
import { openCopy } from '../../../agent/transfer/index.ts';
import { knockOf } from '../../../agent/transfer/knock.ts';
import { BlockSource, FakeTarget, ID, QUICK, serverOf } from './fakes.ts';

describe('a look-up that takes its time', () => {
  it('leaves no place taken by those who are gone when it is done', async () => {
    let look = () => {};
    const target = new FakeTarget();
    const secret = randomBytes(32);
    const held: (() => void)[] = [];
    const { server, port } = await serverOf(target, {
      lookup: async () => {
        await new Promise<void>((settle) => {
          held.push(settle);
          look();
        });
        return { secret, target };
      },
      handshake: 400,
      limits: { pending: 3, pendingPerAddress: 3, perSecond: 1000 },
    });
    for (let i = 0; i < 3; i += 1) {
      const looked = new Promise<void>((settle) => {
        look = settle;
      });
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(knockOf(ID));
      await looked;
      // One goes by itself, the others are shown out.
      if (i === 0) socket.destroy();
      else await once(socket.resume(), 'close');
    }
    for (const settle of held) settle();
    await expect.poll(() => server.refused.handshake).toBe(3);
    look = () => held.at(-1)!();
    const copy = await openCopy({ host: '127.0.0.1', port, id: ID, secret, timing: QUICK, flows: 1 });
    const source = new BlockSource([0], 3);
    await copy.finish(source, [0]);
    await copy.close();
    await server.close();
    expect(server.refused).toMatchObject({ busy: 0, handshake: 3 });
  });
});

describe('who has proved to be the source', () => {
  it('is told of; whoever only knocks is not', async () => {
    const target = new FakeTarget();
    const came: string[] = [];
    const { server, port, secret } = await serverOf(target, { onCopy: (id) => came.push(id) });
    const to = { host: '127.0.0.1', port, id: ID, timing: QUICK, flows: 1 };
    await expect(openCopy({ ...to, secret: randomBytes(32) })).rejects.toMatchObject({ code: 'refused' });
    expect(came).toEqual([]);
    const copy = await openCopy({ ...to, secret });
    await copy.close();
    expect(came).toEqual([ID]);
    await server.close();
  });
});

describe('a record whose secret is none', () => {
  it('refuses the connection, and nothing else happens', async () => {
    const target = new FakeTarget();
    const { server, port } = await serverOf(target, {
      lookup: async () => ({ secret: new Uint8Array(3), target }),
    });
    const to = { host: '127.0.0.1', port, id: ID, timing: QUICK };
    await expect(openCopy({ ...to, secret: randomBytes(32) })).rejects.toMatchObject({ code: 'refused' });
    expect(server.refused.lookup).toBe(1);
    await server.close();
  });
});

describe('a flow through a store', () => {
  it('asks for nothing any more when it ends, however long its last word takes', async () => {
    let gets = 0;
    let written = () => {};
    const flow = new HopFlow({
      store: {
        put: () =>
          new Promise((settle) => {
            written = settle;
          }),
        get: async () => {
          gets += 1;
          await new Promise((settle) => setImmediate(settle));
          return undefined;
        },
        list: async () => [],
        delete: async () => undefined,
      },
      id: ID,
      nonce: '0'.repeat(32),
      secret: randomBytes(32),
      end: 'source',
      // As of a copy that is over: nobody waits any more.
      poll: async () => undefined,
    });
    flow.begin({ frame: () => undefined, drain: () => undefined, lost: () => undefined });
    flow.end();
    await new Promise((settle) => setImmediate(settle));
    const before = gets;
    for (let i = 0; i < 50; i += 1) await new Promise((settle) => setImmediate(settle));
    expect(gets - before).toBeLessThan(2);
    written();
    await flow.quiet;
  });
});
