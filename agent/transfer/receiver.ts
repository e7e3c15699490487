import type { KeyObject } from 'node:crypto';
import { problemOf } from './answers.ts';
import { CopyError, copyError } from './errors.ts';
import { IncomingSet } from './incoming-set.ts';
import type { Link } from './link.ts';
import { jsonMessage, MESSAGE, type Message, metaOf } from './messages.ts';
import type { CopyTarget } from './types.ts';

/**
 * The target's end of a copy.
 *
 * Invariants: a slot is applied to by one set at a time; a set that failed is followed by a discard before it is
 * answered; `ready` only when each slot of the hand-over is applied and none is being applied; when the link ends
 * before `ready`, or the source aborts, all is discarded.
 */
export class Receiver {
  readonly #link: Link;
  readonly #key: KeyObject;
  readonly #target: CopyTarget;
  readonly #sets = new Map<number, IncomingSet>();
  readonly #applying = new Set<Promise<void>>();
  /** Slots to which something was applied: whether the last set was whole. */
  readonly #applied = new Map<number, boolean>();
  readonly #stop = new AbortController();
  #begun: Promise<void> | undefined;
  #ready = false;
  #failure: CopyError | undefined;
  /** Settles when everything is cleaned up, and the target has been told. */
  readonly ended: Promise<void>;

  constructor(link: Link, key: KeyObject, target: CopyTarget) {
    this.#link = link;
    this.#key = key;
    this.#target = target;
    link.onMessage = (message, done) => this.#take(message, done);
    this.ended = link.closed.then((error) => this.#end(error));
  }

  #take(message: Message, done: () => void): void {
    try {
      if (message.type === MESSAGE.chunk) {
        this.#withSet(message, (set) => set.chunk(message, done), done);
        return;
      }
      if (message.type === MESSAGE.open) this.#open(message);
      else if (message.type === MESSAGE.end) this.#withSet(message, (set) => set.end(message));
      else if (message.type === MESSAGE.cancel)
        this.#withSet(message, (set) => set.destroy(new CopyError('aborted', 'the source gave it up')));
      else if (message.type === MESSAGE.call) void this.#call(message);
      else throw new CopyError('protocol', `message: type ${message.type} is not known`);
    } catch (error) {
      this.#link.close(copyError('protocol', error));
    }
    done();
  }

  #open(message: Message): void {
    const { slot } = metaOf(message);
    if (typeof slot !== 'number' || !this.#target.slots.includes(slot))
      throw new CopyError('protocol', `slot: expected one of ${this.#target.slots}, got ${String(slot)}`);
    if (this.#stop.signal.aborted || [...this.#sets.values()].some((set) => set.slot === slot))
      throw new CopyError('protocol', `slot ${slot}: a set out of turn`);
    const set = new IncomingSet(this.#key, message.number, slot);
    // Whoever reads it learns what is wrong; without a reader, nobody has to.
    set.on('error', () => undefined);
    this.#sets.set(message.number, set);
    this.#ready = false;
    const applying = this.#apply(set).finally(() => this.#applying.delete(applying));
    this.#applying.add(applying);
  }

  /** What comes for a set that has failed is let go: its answer is on the way. */
  #withSet(message: Message, act: (set: IncomingSet) => void, drop: () => void = () => undefined): void {
    const set = this.#sets.get(message.number);
    try {
      if (set !== undefined && !set.destroyed) act(set);
      else drop();
    } catch (error) {
      set?.destroy(error as Error);
      drop();
    }
  }

  async #apply(set: IncomingSet): Promise<void> {
    let failure: CopyError | undefined;
    try {
      this.#begun ??= this.#target.begin();
      await this.#begun;
      this.#applied.set(set.slot, false);
      await this.#target.sink.apply(set.slot, set, this.#stop.signal);
      if (!set.whole) throw new CopyError('sink', 'apply ended before the changes did');
      this.#applied.set(set.slot, true);
    } catch (error) {
      // What broke the stream says more than what the sink made of it.
      failure = copyError('sink', set.errored instanceof CopyError ? set.errored : error);
      set.destroy(failure);
      failure = await this.#discard(set.slot, failure);
    }
    this.#sets.delete(set.set);
    this.#link.send(jsonMessage(MESSAGE.applied, set.set, problemOf(failure)));
  }

  /** @returns why, and that the discard failed too where it did */
  async #discard(slot: number, why: CopyError): Promise<CopyError> {
    if (!this.#applied.has(slot)) return why;
    try {
      await this.#target.sink.discard(slot);
      this.#applied.delete(slot);
      return why;
    } catch (error) {
      const text = `${why.message}; discard of slot ${slot} failed: ${copyError('sink', error).message}`;
      return new CopyError('sink', text, error);
    }
  }

  async #call(message: Message): Promise<void> {
    let failure: CopyError | undefined;
    try {
      const { name, slot, epoch, reason } = metaOf(message);
      if (name === 'ready') await this.#getReady();
      else if (name === 'serve') await this.#serve(Number(slot), Number(epoch));
      else if (name === 'abort') await this.#clear(new CopyError('aborted', String(reason)));
      else throw new CopyError('protocol', `call: ${String(name)} is not known`);
    } catch (error) {
      failure = copyError('sink', error);
    }
    this.#link.send(jsonMessage(MESSAGE.answer, message.number, problemOf(failure)));
  }

  async #getReady(): Promise<void> {
    const missing = this.#target.slots.filter((slot) => this.#applied.get(slot) !== true);
    if (missing.length > 0 || this.#sets.size > 0)
      throw new CopyError('protocol', `ready: expected every slot applied, ${missing} are not`);
    // Before it is told: from then on it may act on what it has, whatever becomes of the source.
    this.#ready = true;
    await this.#target.ready();
  }

  async #serve(slot: number, epoch: number): Promise<void> {
    if (!this.#ready || !this.#target.slots.includes(slot) || !Number.isSafeInteger(epoch))
      throw new CopyError('protocol', `serve: slot ${slot} under epoch ${epoch} is not ready here`);
    await this.#target.serve(slot, epoch);
  }

  async #end(error: Error | undefined): Promise<void> {
    if (!this.#ready) await this.#clear(copyError('lost', error ?? 'the copy ended before it was ready'));
    await Promise.all(this.#applying);
    this.#target.ended(error ?? this.#failure);
  }

  /** Stops what is being applied, and forgets what was. */
  async #clear(why: CopyError): Promise<void> {
    this.#ready = false;
    this.#failure ??= why;
    this.#stop.abort(why);
    for (const set of this.#sets.values()) set.destroy(why);
    await Promise.all(this.#applying);
    for (const slot of [...this.#applied.keys()]) this.#failure = await this.#discard(slot, this.#failure);
  }
}
