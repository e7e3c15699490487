import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hopObject } from '../../../agent/transfer/hop.ts';
import { acceptHop, type HopStore, openHop } from '../../../agent/transfer/index.ts';
import { BlockSource, FakeTarget, ID } from './fakes.ts';

/** However busy the machine is, nobody is taken for silent by it: a test says when. */
const TIMING = { poll: 5, ping: 50, stall: 600_000, patience: 50 };
/** Of {@link expect.poll}: what is waited for comes when it comes. */
const PATIENT = { timeout: 60_000 };

class MemoryStore implements HopStore {
  readonly objects = new Map<string, Uint8Array>();
  readonly names: string[] = [];
  most = 0;
  onPut: (key: string, bytes: Uint8Array) => Uint8Array | undefined = (_, bytes) => bytes;

  async put(key: string, bytes: Uint8Array) {
    await new Promise((settle) => setImmediate(settle));
    const kept = this.onPut(key, bytes);
    if (kept !== undefined) this.objects.set(key, kept);
    this.names.push(key);
    this.most = Math.max(this.most, this.objects.size);
  }
  async get(key: string) {
    await new Promise((settle) => setImmediate(settle));
    return this.objects.get(key);
  }
  async list(prefix: string) {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix));
  }
  async delete(keys: readonly string[]) {
    for (const key of keys) this.objects.delete(key);
  }
}

const secret = randomBytes(32);

function hop(store = new MemoryStore(), targetSecret: Buffer = secret) {
  const target = new FakeTarget([0, 1]);
  const stop = new AbortController();
  const left: Error[] = [];
  const accepting = acceptHop({
    store,
    id: ID,
    timing: TIMING,
    accepted: { secret: targetSecret, target },
    signal: stop.signal,
  });
  const open = (now = 1, timing = TIMING) =>
    openHop({ store, id: ID, secret, timing, now, onLeft: (error: Error) => left.push(error) });
  return { store, target, stop, accepting, open, left };
}

/**
 * A copy of which the source hears nothing once the target has ended: with the next look it gives it up. Settles when
 * both have ended. @returns why the source's round failed
 */
async function ending({ open, accepting }: ReturnType<typeof hop>, source: BlockSource): Promise<unknown> {
  const timing = { ...TIMING };
  const round = open(1, timing)
    .round(source, [0, 1])
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  await accepting;
  timing.stall = 0;
  return round;
}

describe('a copy through an object store', () => {
  it('brings slots over, and then only their changes; leaves nothing', async () => {
    const { store, target, open, accepting, left } = hop();
    const copy = open();
    const source = new BlockSource([0, 1], 2500);
    await copy.round(source, [0, 1]);
    source.write(1, 17);
    const { bytes } = await copy.finish(source, [0, 1]);
    expect(bytes).toBe(4100);
    await copy.serve(1, 4);
    await copy.close();
    await accepting;
    expect(target.told).toEqual(['begin', 'ready', 'serve 1 4', 'ended']);
    for (const slot of [0, 1]) expect(target.sink.has(slot, source)).toBe(true);
    await expect.poll(() => store.objects.size, PATIENT).toBe(0);
    expect(left).toEqual([]);
    // Read and deleted as it goes: never the whole state.
    expect(store.most).toBeLessThan(12);
  });

  it('tells the store nothing of the state', async () => {
    const seen: Buffer[] = [];
    const store = new MemoryStore();
    store.onPut = (_, bytes) => {
      seen.push(Buffer.from(bytes));
      return bytes;
    };
    const { open, accepting } = hop(store);
    const copy = open();
    const text = 'session of alice';
    await copy.finish(new BlockSource([0, 1], 20, () => Buffer.alloc(4096, text)), [0, 1]);
    await copy.close();
    await accepting;
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.some((bytes) => bytes.includes('alice') || bytes.includes('slot'))).toBe(false);
  });

  it.each([
    [
      'an object was changed',
      (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, i) => (i === 40 ? byte ^ 1 : byte)),
    ],
    ['an object was cut', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
    ['an object is empty', () => new Uint8Array(0)],
  ])('ends when %s', async (_, spoil) => {
    const store = new MemoryStore();
    store.onPut = (key, bytes) => (key.endsWith('source/000000003') ? spoil(bytes) : bytes);
    const stage = hop(store);
    const { target } = stage;
    expect(await ending(stage, new BlockSource([0, 1], 3000))).toMatchObject({ code: 'lost' });
    expect(target.error).toMatchObject({ code: 'lost' });
    expect(target.sink.slots.size).toBe(0);
  });

  it('ends when objects change places', async () => {
    const store = new MemoryStore();
    let second: Uint8Array | undefined;
    store.onPut = (key, bytes) => {
      if (key.endsWith('source/000000002')) second = bytes;
      return key.endsWith('source/000000003') ? second : bytes;
    };
    const stage = hop(store);
    expect(await ending(stage, new BlockSource([0, 1], 3000))).toMatchObject({ code: 'lost' });
    expect(stage.target.sink.slots.size).toBe(0);
  });

  it('opens nothing without the secret', async () => {
    const stage = hop(undefined, randomBytes(32));
    expect(await ending(stage, new BlockSource([0, 1], 10))).toMatchObject({ code: 'lost' });
    expect(stage.target.told).toEqual(['ended']);
  });

  it('is lost when nobody reads it, or the store fails; and clears away what it left', async () => {
    const store = new MemoryStore();
    const timing = { ...TIMING, stall: 100 };
    const options = { store, id: ID, secret, timing, now: 1, onLeft: () => undefined };
    await expect(openHop(options).round(new BlockSource([0], 10), [0])).rejects.toMatchObject({
      code: 'lost',
    });
    await expect.poll(() => store.objects.size, PATIENT).toBe(0);
    store.put = async () => {
      throw new Error('503 slow down');
    };
    await expect(openHop(options).round(new BlockSource([0], 10), [0])).rejects.toThrow('503 slow down');
  });

  it('of two takes the later one that nobody has begun to read', async () => {
    const store = new MemoryStore();
    const nonce = (first: string) => `${first}${'0'.repeat(20)}`;
    for (const [name, number] of [
      ['ffffffffffff', 2],
      ['000000000001', 1],
    ] as const)
      store.objects.set(hopObject(ID, nonce(name), 'source', number), randomBytes(100));
    const { open, target, accepting } = hop(new MemoryStore());
    const timing = { ...TIMING };
    const both = [open(5, timing), open(9)] as const;
    const source = new BlockSource([0, 1], 10);
    const [unread, read] = both.map((copy) => copy.round(source, [0, 1]));
    const lost = expect(unread).rejects.toMatchObject({ code: 'lost' });
    await read;
    timing.stall = 0;
    await lost;
    await both[1].close();
    await accepting;
    expect(target.told).toEqual(['begin', 'ended']);
  });

  it('stops waiting when it is told to', async () => {
    const { stop, accepting } = hop();
    stop.abort(new Error('the slice leaves'));
    await expect(accepting).rejects.toThrow();
  });
});
