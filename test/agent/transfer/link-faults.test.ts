import { afterEach, describe, expect, it } from 'vitest';
import { type Copy, openCopy } from '../../../agent/transfer/index.ts';
import { BlockSource, FakeTarget, ID, QUICK, serverOf } from './fakes.ts';
import { BadLink } from './proxy.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Setting {
  readonly link: BadLink;
  readonly copy: Copy;
  readonly target: FakeTarget;
  readonly source: BlockSource;
  readonly server: Awaited<ReturnType<typeof serverOf>>['server'];
}

const BLOCKS = 2000;

/** A copy of 8 MB over a bad link. */
async function setting(): Promise<Setting> {
  const target = new FakeTarget();
  const { server, port, secret } = await serverOf(target);
  const link = new BadLink(port);
  closers.push(
    () => server.close(),
    () => link.close(),
  );
  const options = { id: ID, secret, timing: QUICK, chunkBytes: 65_536, flows: 2 };
  const copy = await openCopy({ host: '127.0.0.1', port: await link.listen(), ...options });
  closers.push(() => copy.close());
  return { link, copy, target, source: new BlockSource([0], BLOCKS), server };
}

/** Does something once when so many bytes have gone through. */
function onceAt(link: BadLink, bytes: number, act: (data: Buffer) => void): void {
  const from = link.bytes;
  let done = false;
  link.onData = (data) => {
    if (!done && link.bytes - from >= bytes) {
      done = true;
      act(data);
    }
    return data;
  };
}

describe('a link that is cut', () => {
  it('at any point of a set: goes on where it was', async () => {
    const { link, copy, target, source } = await setting();
    await copy.round(source, [0]);
    for (const at of [1, 100, 5000, 300_000, 2_000_000, 7_000_000]) {
      for (let index = 0; index < BLOCKS; index += 1) source.write(0, index);
      const before = link.connections;
      onceAt(link, at, () => link.cut());
      await copy.round(source, [0]);
      expect(link.connections).toBeGreaterThan(before);
      expect(target.sink.has(0, source)).toBe(true);
    }
    expect(target.sink.discards).toBe(0);
    expect(source.asked.filter(({ since }) => since === undefined)).toHaveLength(1);
  });

  it('again and again: sends again only what was not acknowledged', async () => {
    const { link, copy, target, source } = await setting();
    let next = 1_000_000;
    link.onData = (data) => {
      if (link.bytes > next) {
        next += 1_500_000;
        link.cut();
      }
      return data;
    };
    await copy.round(source, [0]);
    expect(target.sink.has(0, source)).toBe(true);
    expect(target.sink.bytes).toEqual([BLOCKS * 4100]);
  });

  it('between the rounds: the next one, ready and serve arrive', async () => {
    const { link, copy, target, source } = await setting();
    await copy.round(source, [0]);
    link.cut();
    source.write(0, 5);
    await copy.finish(source, [0]);
    link.cut();
    await copy.serve(0, 9);
    expect(target.told).toEqual(['begin', 'ready', 'serve 0 9']);
    expect(target.sink.has(0, source)).toBe(true);
  });

  it('for good: both ends say so, and the target forgets', async () => {
    const { link, copy, target, source } = await setting();
    link.refuses = true;
    onceAt(link, 1_000_000, () => link.cut());
    await expect(copy.round(source, [0])).rejects.toMatchObject({
      code: 'lost',
      message: expect.stringContaining('no connection for 0.9 s'),
    });
    await target.over;
    expect(target.error).toMatchObject({ code: 'lost' });
    expect(target.sink.discards).toBe(1);
    expect(target.sink.stateOf(0)).toBeUndefined();
    await expect(copy.round(source, [0])).rejects.toMatchObject({ code: 'lost' });
  });

  it('for good after ready: the target keeps what it has', async () => {
    const { link, copy, target, source } = await setting();
    await copy.finish(source, [0]);
    link.refuses = true;
    link.cut();
    await target.over;
    expect(target.sink.discards).toBe(0);
    expect(target.sink.has(0, source)).toBe(true);
  });

  it('by silence: the flows are given up, and come again', async () => {
    const { link, copy, target, source } = await setting();
    onceAt(link, 1_000_000, () => {
      link.silent = true;
      setTimeout(() => {
        link.silent = false;
      }, QUICK.stall / 2);
    });
    await copy.round(source, [0]);
    expect(target.sink.has(0, source)).toBe(true);
  });
});

describe('a link that changes bytes', () => {
  it('once: nothing of it is applied, and the chunk goes again', async () => {
    const { link, copy, target, source } = await setting();
    onceAt(link, 3_000_000, (data) => {
      data[Math.floor(data.length / 2)]! ^= 1;
    });
    await copy.round(source, [0]);
    expect(target.sink.has(0, source)).toBe(true);
    expect(target.sink.discards).toBe(0);
  });

  it('always: a clear error, and nothing stays', async () => {
    const { link, copy, target, source } = await setting();
    link.onData = (data) => {
      data[data.length - 1]! ^= 1;
      return data;
    };
    await expect(copy.round(source, [0])).rejects.toMatchObject({ code: 'lost' });
    await target.over;
    expect(target.sink.stateOf(0)).toBeUndefined();
  });
});

describe('an agent that ends', () => {
  it('the target, in the midst of a set: the source is told that it is lost', async () => {
    const { link, copy, source, server, target } = await setting();
    onceAt(link, 2_000_000, () => void server.close());
    await expect(copy.round(source, [0])).rejects.toMatchObject({ code: 'lost' });
    expect(target.sink.stateOf(0)).toBeUndefined();
  });

  it('the source, and begins again: its earlier copy is cleaned up first', async () => {
    const target = new FakeTarget();
    const { server, port, secret } = await serverOf(target);
    closers.push(() => server.close());
    const source = new BlockSource([0], BLOCKS);
    const open = () => openCopy({ host: '127.0.0.1', port, id: ID, secret, timing: QUICK });
    const first = await open();
    await first.round(source, [0]);
    const second = await open();
    closers.push(() => second.close());
    expect(target.told).toEqual(['begin', 'ended']);
    expect(target.sink.discards).toBe(1);
    await second.finish(source, [0]);
    expect(target.sink.has(0, source)).toBe(true);
    expect(await first.closed).toMatchObject({ code: 'lost' });
  });
});
