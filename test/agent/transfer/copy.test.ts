import { afterEach, describe, expect, it } from 'vitest';
import { type Copy, CopyError, type OpenCopy, openCopy } from '../../../agent/transfer/index.ts';
import { BlockSink, BlockSource, FakeTarget, ID, QUICK, serverOf } from './fakes.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function copyTo(target: FakeTarget, options: Partial<OpenCopy> = {}): Promise<Copy> {
  const { server, port, secret } = await serverOf(target);
  const copy = await openCopy({ host: '127.0.0.1', port, id: ID, secret, timing: QUICK, ...options });
  closers.push(
    () => server.close(),
    () => copy.close(),
  );
  return copy;
}

describe('a copy', () => {
  it('brings every slot over, whole', async () => {
    const slots = [0, 1, 2, 3, 4, 5];
    const target = new FakeTarget(slots);
    const copy = await copyTo(target);
    const source = new BlockSource(slots, 300);
    const round = await copy.round(source, slots);
    expect(round.bytes).toBe(6 * 300 * 4100);
    for (const slot of slots) expect(target.sink.has(slot, source)).toBe(true);
    expect(copy.acknowledged.bytes).toBe(round.bytes);
  });

  it('sends in the next round only what has changed, whatever the state is', async () => {
    for (const blocks of [100, 1000]) {
      const target = new FakeTarget();
      const copy = await copyTo(target);
      const source = new BlockSource([0], blocks);
      await copy.round(source, [0]);
      for (const index of [3, 50, 99]) source.write(0, index);
      const { bytes, wireBytes } = await copy.finish(source, [0]);
      expect(bytes).toBe(3 * 4100);
      expect(wireBytes).toBe(bytes);
      expect(target.sink.has(0, source)).toBe(true);
      expect(target.told).toEqual(['begin', 'ready']);
    }
  });

  it('tells the target to serve only when all slots are there', async () => {
    const target = new FakeTarget([0, 1]);
    const copy = await copyTo(target);
    const source = new BlockSource([0, 1], 4);
    await expect(copy.serve(0, 2)).rejects.toMatchObject({ code: 'protocol' });
    await expect(copy.finish(source, [0])).rejects.toThrow('ready: expected every slot applied, 1 are not');
    await copy.finish(source, [0, 1]);
    await copy.serve(0, 2);
    await copy.serve(1, 5);
    await expect(copy.serve(2, 5)).rejects.toMatchObject({ code: 'protocol' });
    expect(target.told).toEqual(['begin', 'ready', 'serve 0 2', 'serve 1 5']);
  });

  it('keeps at the target what is ready, and forgets what is not', async () => {
    for (const ready of [true, false]) {
      const target = new FakeTarget();
      const copy = await copyTo(target);
      const source = new BlockSource([0], 4);
      await (ready ? copy.finish(source, [0]) : copy.round(source, [0]));
      await copy.close();
      await target.over;
      expect(target.sink.discards).toBe(ready ? 0 : 1);
      expect(target.error === undefined).toBe(ready);
    }
  });

  it('takes back what was ready when it is aborted', async () => {
    const target = new FakeTarget();
    const copy = await copyTo(target);
    await copy.finish(new BlockSource([0], 4), [0]);
    await copy.abort('the target is too slow');
    await target.over;
    expect(target.sink.discards).toBe(1);
    expect(target.error).toMatchObject({ code: 'aborted', message: 'the target is too slow' });
  });

  it('compresses what it can, and not what it cannot', async () => {
    const target = new FakeTarget();
    const copy = await copyTo(target);
    const text = await copy.round(new BlockSource([0], 1000, () => Buffer.alloc(4096, 'session=1;')), [0]);
    expect(text.wireBytes).toBeLessThan(text.bytes / 20);
    expect(target.sink.stateOf(0)!.subarray(0, 20).toString()).toBe('session=1;session=1;');
    const random = await (await copyTo(new FakeTarget())).round(new BlockSource([0], 1000), [0]);
    expect(random.wireBytes).toBe(random.bytes);
  });

  it('holds no more than its window when the sink is slow', async () => {
    const sink = new BlockSink();
    let taken = 0;
    let read = 0;
    let most = 0;
    sink.onData = async (_, bytes) => {
      taken = bytes;
      await new Promise((settle) => setImmediate(settle));
    };
    const source = new BlockSource([0], 3000);
    source.onPiece = () => {
      read += 4100;
      most = Math.max(most, read - taken);
    };
    const copy = await copyTo(new FakeTarget([0], sink), { windowBytes: 1_048_576, chunkBytes: 65_536 });
    await copy.round(source, [0]);
    // The window, what the streams buffer at both ends, and one chunk in the making.
    expect(most).toBeLessThan(1_048_576 + 4 * 262_144);
  });
});

describe('an application that fails', () => {
  it('at the target: says why, is told to forget, and gets all of it the next time', async () => {
    const sink = new BlockSink();
    const target = new FakeTarget([0, 1], sink);
    const copy = await copyTo(target);
    const source = new BlockSource([0, 1], 500);
    await copy.round(source, [0, 1]);
    source.write(1, 7);
    sink.onData = (slot) => {
      if (slot === 1) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    await expect(copy.round(source, [0, 1])).rejects.toMatchObject({
      code: 'sink',
      message: 'ENOSPC: no space left on device',
    });
    expect(sink.stateOf(1)).toBeUndefined();
    sink.onData = () => undefined;
    await copy.finish(source, [0, 1]);
    expect(source.asked.at(-1)).toEqual({ slot: 1, since: undefined });
    expect(sink.has(1, source)).toBe(true);
  });

  it('at the source: the target forgets the set that began', async () => {
    const target = new FakeTarget();
    const copy = await copyTo(target, { chunkBytes: 8192 });
    const source = new BlockSource([0], 500);
    source.onPiece = (_, index) => {
      if (index === 400) throw new Error('hook changes: exit code 1');
    };
    await expect(copy.round(source, [0])).rejects.toMatchObject({
      code: 'source',
      message: 'hook changes: exit code 1',
    });
    source.onPiece = () => undefined;
    await copy.round(source, [0]);
    expect(target.sink.discards).toBe(1);
    expect(target.sink.has(0, source)).toBe(true);
  });

  it('that cannot be activated fails the round', async () => {
    const target = new FakeTarget();
    target.begin = async () => {
      throw new Error('hook activate: timed out after 60 s');
    };
    const copy = await copyTo(target);
    await expect(copy.round(new BlockSource([0], 4), [0])).rejects.toThrow('hook activate: timed out');
  });

  it('that ends before it has read all of it has failed', async () => {
    const sink = new BlockSink();
    sink.apply = async () => undefined;
    const copy = await copyTo(new FakeTarget([0], sink));
    await expect(copy.round(new BlockSource([0], 400), [0])).rejects.toThrow('apply ended before');
  });

  it('a round that is given up leaves the copy as it was', async () => {
    const target = new FakeTarget();
    const copy = await copyTo(target, { chunkBytes: 8192 });
    const source = new BlockSource([0], 500);
    const stop = new AbortController();
    source.onPiece = (_, index) => {
      if (index === 100) stop.abort(new CopyError('aborted', 'enough'));
    };
    await expect(copy.round(source, [0], stop.signal)).rejects.toMatchObject({
      code: 'aborted',
      message: 'enough',
    });
    source.onPiece = () => undefined;
    await copy.finish(source, [0]);
    expect(target.sink.has(0, source)).toBe(true);
  });
});
