import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hopObject } from '../../../agent/transfer/hop.ts';
import { acceptHop, type HopStore, openHop } from '../../../agent/transfer/index.ts';
import { BlockSource, FakeTarget, ID } from './fakes.ts';

/** Of copies that are to be seen to end. */
const TIMING = { poll: 5, ping: 50, stall: 600, patience: 50 };

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

function hop(store = new MemoryStore(), targetSecret: Buffer = secret, timing = TIMING) {
  const target = new FakeTarget([0, 1]);
  const stop = new AbortController();
  const left: Error[] = [];
  const accepting = acceptHop({
    store,
    id: ID,
    timing,
    accepted: { secret: targetSecret, target },
    signal: stop.signal,
  });
  const options = { store, id: ID, secret, timing, onLeft: (error: Error) => left.push(error) };
  const open = (now = 1) => openHop({ ...options, now });
  return { store, target, stop, accepting, open, left };
}

describe('a copy through an object store', () => {
  it('brings slots over, and then only their changes; leaves nothing', async () => {
    // 20 MB take their time on a busy machine.
    const patient = { ...TIMING, stall: 30_000 };
    const { store, target, open, accepting, left } = hop(new MemoryStore(), secret, patient);
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
    await expect.poll(() => store.objects.size).toBe(0);
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
    const { target, open, accepting } = hop(store);
    const copy = open();
    await expect(copy.round(new BlockSource([0, 1], 3000), [0, 1])).rejects.toMatchObject({ code: 'lost' });
    await accepting;
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
    const { target, open, accepting } = hop(store);
    await expect(open().round(new BlockSource([0, 1], 3000), [0, 1])).rejects.toMatchObject({ code: 'lost' });
    await accepting;
    expect(target.sink.slots.size).toBe(0);
  });

  it('opens nothing without the secret', async () => {
    const { target, open, accepting } = hop(undefined, randomBytes(32));
    await expect(open().round(new BlockSource([0, 1], 10), [0, 1])).rejects.toMatchObject({ code: 'lost' });
    await accepting;
    expect(target.told).toEqual(['ended']);
  });

  it('is lost when nobody reads it, or the store fails; and clears away what it left', async () => {
    const store = new MemoryStore();
    const options = { store, id: ID, secret, timing: TIMING, now: 1, onLeft: () => undefined };
    await expect(openHop(options).round(new BlockSource([0], 10), [0])).rejects.toMatchObject({
      code: 'lost',
    });
    await expect.poll(() => store.objects.size).toBe(0);
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
    const both = [open(5), open(9)] as const;
    const source = new BlockSource([0, 1], 10);
    const rounds = both.map((copy) => copy.round(source, [0, 1]));
    await expect(rounds[0]).rejects.toMatchObject({ code: 'lost' });
    await rounds[1];
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
