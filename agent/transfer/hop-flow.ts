import { CopyError, copyError } from './errors.ts';
import type { Carrier, FlowEvents } from './flow.ts';
import { FRAME, FrameReader, frameHead } from './frames.ts';
import { type HopEnd, HopSeal, type HopStore, hopObject } from './hop.ts';

/** Bytes in one object at most, and objects that are written, or read ahead, at the same time. */
const OBJECT = 4_194_304;
const ABREAST = 4;

export interface HopFlowOptions {
  readonly store: HopStore;
  readonly id: string;
  readonly nonce: string;
  readonly secret: Uint8Array;
  readonly end: HopEnd;
  /** Waits before what is not there yet is looked for again. */
  readonly poll: () => Promise<void>;
}

/**
 * Frames through an object store: each end writes numbered objects, and reads the other's in their order, deleting what
 * it has read. What was sent while an object is being written goes into the next one.
 */
export class HopFlow implements Carrier {
  readonly number = 0;
  heardAt = performance.now();
  saidAt = this.heardAt;
  readonly #options: HopFlowOptions;
  #events: FlowEvents = { frame: () => undefined, drain: () => undefined, lost: () => undefined };
  readonly #mine: HopSeal;
  readonly #theirs: HopSeal;
  readonly #reader = new FrameReader();
  #queue: Uint8Array[] = [];
  #queued = 0;
  #written = 0;
  #writing = 0;
  #ending = false;
  #over = false;
  #settle: () => void = () => undefined;
  /** Nothing is written any more. */
  readonly quiet: Promise<void>;

  constructor(options: HopFlowOptions) {
    this.#options = options;
    this.#mine = new HopSeal(options.secret, options.nonce, options.end);
    this.#theirs = new HopSeal(options.secret, options.nonce, options.end === 'source' ? 'target' : 'source');
    this.quiet = new Promise((settle) => {
      this.#settle = settle;
    });
  }

  begin(events: FlowEvents): this {
    this.#events = events;
    void this.#read();
    return this;
  }

  get free(): boolean {
    return !this.#over && this.#queued < 2 * OBJECT;
  }

  send(head: Buffer, pieces: readonly Uint8Array[] = []): void {
    if (this.#over) return;
    this.saidAt = performance.now();
    for (const piece of [head, ...pieces]) {
      this.#queue.push(piece);
      this.#queued += piece.length;
    }
    // What is said in one go belongs into one object.
    if (this.#writing === 0) setImmediate(() => this.#flush());
    else if (this.#queued >= OBJECT) this.#flush();
  }

  ping(): void {
    this.send(frameHead(FRAME.ping, new Uint8Array(0)));
  }

  destroy(): void {
    this.#lose(undefined);
  }

  end(): void {
    this.send(frameHead(FRAME.bye, new Uint8Array(0)));
    this.#ending = true;
  }

  #flush(): void {
    if (this.#over || this.#queued === 0 || this.#writing >= ABREAST) return;
    const taken = this.#take();
    this.#writing += 1;
    void this.#write(taken).then(
      () => {
        this.#writing -= 1;
        this.#flush();
        this.#events.drain();
        if (this.#ending && this.#writing === 0 && this.#queued === 0) this.#lose(undefined);
      },
      (error) => {
        this.#writing -= 1;
        this.#lose(copyError('lost', error));
      },
    );
    if (this.#queued >= OBJECT) this.#flush();
  }

  #take(): readonly Uint8Array[] {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    while (this.#queue.length > 0 && (bytes === 0 || bytes + this.#queue[0]!.length <= OBJECT)) {
      const piece = this.#queue.shift()!;
      taken.push(piece);
      bytes += piece.length;
    }
    this.#queued -= bytes;
    return taken;
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    const { store, id, nonce, end } = this.#options;
    this.#written += 1;
    const name = hopObject(id, nonce, end, this.#written);
    await store.put(name, this.#mine.seal(name, pieces));
  }

  async #read(): Promise<void> {
    const { store, id, nonce, end, poll } = this.#options;
    const nameOf = (number: number) => hopObject(id, nonce, end === 'source' ? 'target' : 'source', number);
    const ahead = new Map<number, Promise<Uint8Array | undefined>>();
    const get = (number: number) => {
      const got = ahead.get(number) ?? store.get(nameOf(number));
      got.catch(() => undefined);
      ahead.set(number, got);
      return got;
    };
    try {
      // Who has said the last word hears nothing any more: `poll` does not wait then.
      for (let next = 1; !this.#over && !this.#ending; ) {
        const sealed = await get(next);
        if (sealed === undefined) {
          ahead.clear();
          await poll();
          continue;
        }
        ahead.delete(next);
        // Where one is, there may be more.
        for (let i = 1; i < ABREAST; i += 1) get(next + i);
        this.heardAt = performance.now();
        this.#reader.push(this.#theirs.open(nameOf(next), sealed), (kind, payload) => {
          if (!this.#over) this.#events.frame(kind, payload);
        });
        await store.delete([nameOf(next)]);
        next += 1;
        // Those that were asked for too early are asked for again.
        for (const [number, got] of ahead)
          if ((await Promise.race([got, WAITING])) === undefined) ahead.delete(number);
      }
    } catch (error) {
      this.#lose(error instanceof CopyError ? error : copyError('lost', error));
    }
  }

  #lose(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#events.lost(error);
    this.#settle();
  }
}

/** Of a promise that has not settled yet. */
const WAITING = Promise.resolve(new Uint8Array(0));
