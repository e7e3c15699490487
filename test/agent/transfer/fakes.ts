import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Changes, StateSink, StateSource } from '../../../agent/contract.ts';
import type { Accepted, CopyTarget } from '../../../agent/transfer/index.ts';
import { CopyServer, type CopyServerOptions, type Timing } from '../../../agent/transfer/index.ts';

/** Short, for links that are cut on purpose. */
export const QUICK: Timing = { ping: 100, stall: 600, patience: 900 };

export const ID = 'search/i-1:8080@7';

const BLOCK = 4096;

/** State of slots in blocks, some of which change: `since` gives those that changed after it. */
export class BlockSource implements StateSource {
  readonly blocks = new Map<number, Buffer[]>();
  readonly #written = new Map<number, number[]>();
  #clock = 1;
  /** Before each piece of a stream. */
  onPiece: (slot: number, index: number) => void | Promise<void> = () => undefined;
  readonly asked: { slot: number; since: string | undefined }[] = [];

  constructor(slots: readonly number[], blocks: number, fill: () => Buffer = () => randomBytes(BLOCK)) {
    for (const slot of slots) {
      this.blocks.set(slot, Array.from({ length: blocks }, fill));
      this.#written.set(
        slot,
        Array.from({ length: blocks }, () => 1),
      );
    }
  }

  write(slot: number, index: number): void {
    this.#clock += 1;
    this.blocks.get(slot)![index] = randomBytes(BLOCK);
    this.#written.get(slot)![index] = this.#clock;
  }

  stateOf(slot: number): Buffer {
    return Buffer.concat(this.blocks.get(slot)!);
  }

  async changes(slot: number, since: string | undefined): Promise<Changes> {
    this.asked.push({ slot, since });
    const from = since === undefined ? 0 : Number(since);
    const token = String(this.#clock);
    const written = this.#written.get(slot)!;
    const changed = [...written.keys()].filter((index) => written[index]! > from);
    return { token, stream: Readable.from(this.#pieces(slot, changed), { objectMode: false }) };
  }

  async *#pieces(slot: number, changed: readonly number[]) {
    for (const [at, index] of changed.entries()) {
      await this.onPiece(slot, at);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(index, 0);
      yield Buffer.concat([head, this.blocks.get(slot)![index]!]);
    }
  }
}

/** Applies what a {@link BlockSource} gives; a set counts when its stream has ended. */
export class BlockSink implements StateSink {
  readonly slots = new Map<number, Map<number, Buffer>>();
  readonly bytes: number[] = [];
  discards = 0;
  onData: (slot: number, bytes: number) => void | Promise<void> = () => undefined;
  onApply: (slot: number) => void | Promise<void> = () => undefined;

  async apply(slot: number, changes: Readable, signal?: AbortSignal): Promise<void> {
    await this.onApply(slot);
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of changes as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      bytes += piece.length;
      await this.onData(slot, bytes);
      pieces.push(piece);
    }
    const all = Buffer.concat(pieces);
    const blocks = this.slots.get(slot) ?? new Map<number, Buffer>();
    for (let at = 0; at < all.length; at += 4 + BLOCK)
      blocks.set(all.readUInt32BE(at), all.subarray(at + 4, at + 4 + BLOCK));
    this.slots.set(slot, blocks);
    this.bytes.push(bytes);
  }

  async discard(slot: number): Promise<void> {
    this.discards += 1;
    this.slots.delete(slot);
  }

  /** Whether a slot is what it is at the source. Comparing buffers by `toEqual` takes seconds. */
  has(slot: number, source: BlockSource): boolean {
    return this.stateOf(slot)?.equals(source.stateOf(slot)) ?? false;
  }

  stateOf(slot: number): Buffer | undefined {
    const blocks = this.slots.get(slot);
    if (blocks === undefined) return undefined;
    return Buffer.concat([...blocks.keys()].sort((a, b) => a - b).map((index) => blocks.get(index)!));
  }
}

/** A target that remembers what it was told. */
export class FakeTarget implements CopyTarget {
  readonly sink: BlockSink;
  readonly slots: readonly number[];
  readonly told: string[] = [];
  error: Error | undefined;
  readonly over: Promise<void>;
  #over: () => void = () => undefined;

  constructor(slots: readonly number[] = [0], sink = new BlockSink()) {
    this.slots = slots;
    this.sink = sink;
    this.over = new Promise((settle) => {
      this.#over = settle;
    });
  }

  async begin() {
    this.told.push('begin');
  }
  async ready() {
    this.told.push('ready');
  }
  async serve(slot: number, epoch: number) {
    this.told.push(`serve ${slot} ${epoch}`);
  }
  ended(error: Error | undefined) {
    this.told.push('ended');
    this.error = error;
    this.#over();
  }
}

/** A server that knows one hand-over, {@link ID}. */
export async function serverOf(
  target: CopyTarget,
  options: Partial<CopyServerOptions> = {},
): Promise<{ server: CopyServer; port: number; secret: Buffer }> {
  const secret = randomBytes(32);
  const accepted: Accepted = { secret, target };
  const server = new CopyServer({
    lookup: async (id) => (id === ID ? accepted : undefined),
    timing: QUICK,
    ...options,
  });
  return { server, port: await server.listen(0, '127.0.0.1'), secret };
}
