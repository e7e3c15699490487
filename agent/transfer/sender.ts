import type { KeyObject } from 'node:crypto';
import type { StateSource } from '../contract.ts';
import { answeredError } from './answers.ts';
import { CopyError, copyError } from './errors.ts';
import type { Link } from './link.ts';
import { jsonMessage, MESSAGE, type Message, metaOf } from './messages.ts';
import { sendSet } from './outgoing-set.ts';
import { MOST_CHUNK } from './pack.ts';
import type { Copy, Round } from './types.ts';

export interface SenderOptions {
  /** Bytes of state in one chunk. @default 768 KiB: 256 cost a fifth more time of the processor */
  readonly chunkBytes?: number;
  /** Bytes of one set that may be on the way; both sides hold as many. @default 8 MiB */
  readonly windowBytes?: number;
  /** Slots that are sent at the same time. @default 4 */
  readonly parallel?: number;
}

const DEFAULTS = { chunkBytes: 786_432, windowBytes: 8_388_608, parallel: 4 };
/** What the inbox of the other end puts up with in all. */
const MOST_WINDOWS = 50_331_648;

interface Pending {
  readonly settle: () => void;
  readonly fail: (error: Error) => void;
}

/** {@link Copy} over a link. */
export class Sender implements Copy {
  readonly #link: Link;
  readonly #key: KeyObject;
  readonly #options: Required<SenderOptions>;
  /** By slot: what its last set that was applied leads to. */
  readonly #since = new Map<number, string>();
  /** By slot: the answer to its last set. */
  readonly #last = new Map<number, Promise<void>>();
  readonly #pending = new Map<number, Pending>();
  readonly #acknowledged = { bytes: 0, wireBytes: 0 };
  #rounds: Promise<unknown> = Promise.resolve();
  #number = 0;
  #over: Error | undefined;
  readonly closed: Promise<Error | undefined>;

  /** @throws {CopyError} `protocol`: options out of bounds */
  constructor(link: Link, key: KeyObject, options: SenderOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    const { chunkBytes, windowBytes, parallel } = this.#options;
    if (!(chunkBytes >= 1 && chunkBytes <= MOST_CHUNK))
      throw new CopyError('protocol', `chunkBytes: expected 1 to ${MOST_CHUNK}, got ${chunkBytes}`);
    if (!(parallel >= 1 && windowBytes >= chunkBytes && parallel * windowBytes <= MOST_WINDOWS))
      throw new CopyError('protocol', `windows: expected at most ${MOST_WINDOWS} bytes in all`);
    this.#link = link;
    this.#key = key;
    link.onMessage = (message, done) => this.#take(message, done);
    this.closed = link.closed.then((error) => {
      this.#over = error ?? new CopyError('aborted', 'the copy is closed');
      for (const { fail } of this.#pending.values()) fail(this.#over);
      this.#pending.clear();
      return error;
    });
  }

  get acknowledged(): { readonly bytes: number; readonly wireBytes: number } {
    return this.#acknowledged;
  }

  round(source: StateSource, slots: readonly number[], signal?: AbortSignal): Promise<Round> {
    // One after the other: a round may have been left under way.
    const round = this.#rounds.then(() => this.#round(source, slots, signal));
    this.#rounds = round.catch(() => undefined);
    return round;
  }

  async #round(source: StateSource, slots: readonly number[], signal?: AbortSignal): Promise<Round> {
    const from = performance.now();
    const stop = new AbortController();
    const signals = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const waiting = [...slots];
    const sum = { bytes: 0, wireBytes: 0 };
    const work = async () => {
      for (let slot = waiting.shift(); slot !== undefined && !signals.aborted; slot = waiting.shift()) {
        const sent = await this.#set(source, slot, signals);
        sum.bytes += sent.bytes;
        sum.wireBytes += sent.wireBytes;
      }
    };
    const workers = Array.from({ length: Math.min(this.#options.parallel, slots.length) }, () =>
      // The first failure ends the others; all have settled when the round does.
      work().catch((error) => {
        stop.abort(error);
        throw error;
      }),
    );
    const results = await Promise.allSettled(workers);
    if (signals.aborted) throw copyError('aborted', signals.reason);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return { ...sum, seconds: (performance.now() - from) / 1000 };
  }

  async finish(source: StateSource, slots: readonly number[], signal?: AbortSignal): Promise<Round> {
    const from = performance.now();
    const round = await this.round(source, slots, signal);
    await this.#call({ name: 'ready' }, signal);
    return { ...round, seconds: (performance.now() - from) / 1000 };
  }

  async serve(slot: number, epoch: number, signal?: AbortSignal): Promise<void> {
    await this.#call({ name: 'serve', slot, epoch }, signal);
  }

  async abort(reason: string): Promise<void> {
    try {
      await this.#call({ name: 'abort', reason });
    } finally {
      this.#link.close();
      await this.closed;
    }
  }

  async close(): Promise<void> {
    this.#link.close();
    await this.closed;
  }

  async #set(source: StateSource, slot: number, signal: AbortSignal) {
    // A set that was given up: the target is still forgetting it.
    await this.#last.get(slot)?.catch(() => undefined);
    this.#number += 1;
    const set = this.#number;
    const answer = this.#answer(set);
    this.#last.set(slot, answer);
    const since = this.#since.get(slot);
    // Until it is applied, nobody knows what the target has.
    this.#since.delete(slot);
    const sent = await sendSet({
      link: this.#link,
      key: this.#key,
      set,
      slot,
      since,
      source,
      signal,
      answer,
      acknowledged: this.#acknowledged,
      ...this.#options,
    });
    this.#since.set(slot, sent.token);
    return sent;
  }

  async #call(value: object, signal?: AbortSignal): Promise<void> {
    this.#number += 1;
    const answer = this.#answer(this.#number);
    this.#link.send(jsonMessage(MESSAGE.call, this.#number, value));
    if (signal === undefined) return answer;
    await new Promise<void>((settle, fail) => {
      const stop = () => fail(copyError('aborted', signal.reason));
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      answer.then(settle, fail).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  #answer(number: number): Promise<void> {
    return new Promise((settle, fail) => {
      if (this.#over === undefined) this.#pending.set(number, { settle, fail });
      else fail(this.#over);
    });
  }

  #take(message: Message, done: () => void): void {
    try {
      if (message.type !== MESSAGE.applied && message.type !== MESSAGE.answer)
        throw new CopyError('protocol', `message: type ${message.type} is not known`);
      const pending = this.#pending.get(message.number);
      this.#pending.delete(message.number);
      const error = answeredError(metaOf(message));
      if (error === undefined) pending?.settle();
      else pending?.fail(error);
    } catch (error) {
      this.#link.close(copyError('protocol', error));
    }
    done();
  }
}
