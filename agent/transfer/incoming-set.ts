import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { decodeChunk, endOf } from './chunk-meta.ts';
import { CopyError } from './errors.ts';
import { END_INDEX, tagOf } from './keys.ts';
import { type Message, metaOf } from './messages.ts';
import { MOST_CHUNK, unpack } from './pack.ts';

interface Queued {
  readonly data: Buffer;
  readonly done: () => void;
}

/**
 * One set as the sink reads it: verified chunks only, and an end only after the tag over all of them. A chunk is done
 * with when the sink has taken it, which is what limits the memory of both sides.
 */
export class IncomingSet extends Readable {
  readonly set: number;
  readonly slot: number;
  readonly #key: KeyObject;
  #queue: Queued[] = [];
  #chunks = 0;
  #bytes = 0;
  #ended = false;
  #wanted = false;

  constructor(key: KeyObject, set: number, slot: number) {
    super({ highWaterMark: MOST_CHUNK / 4 });
    this.#key = key;
    this.set = set;
    this.slot = slot;
  }

  /** The sink took all of it. */
  get whole(): boolean {
    return this.readableEnded;
  }

  /** @throws {CopyError} `corrupt`, `protocol` */
  chunk(message: Message, done: () => void): void {
    const meta = decodeChunk(message.meta);
    if (this.#ended) throw new CopyError('protocol', `set ${this.set}: a chunk after its end`);
    const body = Buffer.concat(message.body.length === 1 ? [] : message.body);
    const sent = message.body.length === 1 ? (message.body[0] as Buffer) : body;
    const data = meta.packed ? unpack(sent, meta.bytes) : sent;
    if (data.length !== meta.bytes || data.length > MOST_CHUNK)
      throw new CopyError('protocol', `chunk: expected ${meta.bytes} bytes, got ${data.length}`);
    const tag = tagOf(this.#key, this.set, this.#chunks, [data]);
    if (!timingSafeEqual(tag, meta.tag))
      throw new CopyError('corrupt', `set ${this.set}, chunk ${this.#chunks}: not the bytes that were sent`);
    this.#chunks += 1;
    this.#bytes += data.length;
    this.#queue.push({ data, done });
    this.#flow();
  }

  /** @throws {CopyError} `corrupt` */
  end(message: Message): void {
    const { chunks, bytes, tag } = metaOf(message);
    const own = tagOf(this.#key, this.set, END_INDEX, [endOf(this.#chunks, this.#bytes)]).toString('hex');
    if (chunks !== this.#chunks || bytes !== this.#bytes || tag !== own) {
      const text = `expected ${String(chunks)} chunks of ${String(bytes)} bytes, got ${this.#chunks} of ${this.#bytes}`;
      throw new CopyError('corrupt', `set ${this.set}: ${text}`);
    }
    this.#ended = true;
    this.#flow();
  }

  override _read(): void {
    this.#wanted = true;
    this.#flow();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    for (const { done } of this.#queue) done();
    this.#queue = [];
    callback(error);
  }

  #flow(): void {
    while (this.#wanted) {
      const next = this.#queue.shift();
      if (next === undefined) {
        if (this.#ended) {
          this.#wanted = false;
          this.push(null);
        }
        return;
      }
      this.#wanted = this.push(next.data);
      next.done();
    }
  }
}
