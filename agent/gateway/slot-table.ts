import type { SlotHolder } from '../../core/hand-over/slots.ts';
import type { Lease } from './lease.ts';
import { Ticket } from './ticket.ts';
import { Waiters } from './waiters.ts';

/**
 * The slots of one shard as one slice sees them.
 *
 * Lifecycle of a slot here: `away` → `starting` (the application begins to serve it) → `serving` → `held` (new requests
 * wait) → `sealed` (nothing that the application still answers is passed on) → `away`, or back to `serving`.
 *
 * Invariants: a request goes to the application, and its answer to the client, only while the slot is served here under
 * the epoch and in the term of the lease that it came in. A slot under control of a hand-over is left alone by the keeper.
 */
export type SlotState = 'away' | 'starting' | 'serving' | 'held' | 'sealed';

export type Admission =
  | { readonly to: 'app'; readonly ticket: Ticket }
  | { readonly to: 'holder'; readonly slice: string }
  /** Soon one of the others. */
  | { readonly to: 'wait' }
  | { readonly to: 'nobody' };

interface Entry {
  state: SlotState;
  epoch: number;
  holder: string | undefined;
  /** Term of the lease under which it was acquired. */
  term: number | undefined;
  /** By a hand-over. */
  controlled: boolean;
  readonly tickets: Set<Ticket>;
}

export class SlotTable {
  readonly slice: string;
  readonly count: number;
  readonly #lease: Lease;
  readonly #entries: readonly Entry[];
  readonly #changes = new Waiters();
  readonly #drains = new Waiters();
  readonly #stopListening: () => void;
  #next = 0;
  #hasServed = false;

  constructor(slice: string, count: number, lease: Lease) {
    this.slice = slice;
    this.count = count;
    this.#lease = lease;
    this.#entries = Array.from({ length: count }, () => ({
      state: 'away',
      epoch: 0,
      holder: undefined,
      term: undefined,
      controlled: false,
      tickets: new Set(),
    }));
    this.#stopListening = lease.onEnd(() => {
      for (const entry of this.#entries) fence(entry);
      this.#changes.wake();
    });
  }

  /** What is known of a slot. `lapsed`: served here in a term of the lease that is over. */
  look(slot: number) {
    const { state, epoch, holder, controlled } = this.#entry(slot);
    return { slot, state, epoch, holder, controlled, lapsed: state !== 'away' && !this.#current(slot) };
  }

  /** Slots that are this slice's now, the lease lasting. */
  get own(): readonly SlotHolder[] {
    return this.#entries.flatMap(({ state, epoch }, slot) =>
      state !== 'away' && state !== 'starting' && this.#current(slot)
        ? [{ slot, epoch, holder: this.slice }]
        : [],
    );
  }

  /** Whether it has ever served one. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Where a request for a slot goes; without one, any slot does. */
  admit(slot: number | undefined): Admission {
    if (slot !== undefined) return this.#admit(slot);
    let best: Admission = { to: 'nobody' };
    for (let i = 0; i < this.count; i += 1) {
      const candidate = (this.#next + i) % this.count;
      const seen = this.look(candidate);
      if (seen.state === 'serving' && !seen.lapsed) {
        this.#next = candidate + 1;
        return this.#admit(candidate);
      }
      if (seen.state !== 'away') best = { to: 'wait' };
      else if (best.to === 'nobody' && seen.holder !== undefined) best = { to: 'holder', slice: seen.holder };
    }
    return best;
  }

  #admit(slot: number): Admission {
    const entry = this.#entry(slot);
    if (entry.state === 'away')
      return entry.holder === undefined ? { to: 'nobody' } : { to: 'holder', slice: entry.holder };
    if (entry.state !== 'serving' || !this.#current(slot)) return { to: 'wait' };
    const { epoch, term } = entry;
    const lasts = () =>
      (entry.state === 'serving' || entry.state === 'held') &&
      entry.epoch === epoch &&
      entry.term === term &&
      this.#current(slot);
    const ticket = new Ticket(slot, epoch, lasts, (one) => {
      entry.tickets.delete(one);
      this.#drains.wake();
    });
    entry.tickets.add(ticket);
    return { to: 'app', ticket };
  }

  /** The application is about to serve it. */
  start(slot: number, epoch: number): void {
    const entry = this.#entry(slot);
    fence(entry);
    Object.assign(entry, { state: 'starting', epoch, holder: this.slice, term: undefined });
    this.#changes.wake();
  }

  /** @param term of the lease in which the slot was acquired */
  serve(slot: number, epoch: number, term: number | undefined): void {
    const entry = this.#entry(slot);
    if (entry.epoch !== epoch) fence(entry);
    this.#hasServed = true;
    Object.assign(entry, { state: 'serving', epoch, holder: this.slice, term });
    this.#changes.wake();
  }

  /** Somebody else has it, or nobody. */
  pass(slot: number, epoch: number, holder: string | undefined): void {
    const entry = this.#entry(slot);
    fence(entry);
    Object.assign(entry, { state: 'away', epoch, holder, term: undefined });
    this.#changes.wake();
  }

  /** New requests wait from now on. */
  hold(slots: readonly number[]): void {
    for (const slot of slots) if (this.#entry(slot).state === 'serving') this.#entry(slot).state = 'held';
    this.#changes.wake();
  }

  /** No answer is passed on from now on: what has none by now stays without. */
  seal(slots: readonly number[]): void {
    for (const slot of slots) {
      const entry = this.#entry(slot);
      if (entry.state === 'away') continue;
      entry.state = 'sealed';
      fence(entry);
    }
    this.#changes.wake();
  }

  /** Serves on under the same epoch. In a new term of the lease it has to be acquired anew: it stays `starting`. */
  resume(slots: readonly number[]): void {
    for (const slot of slots) {
      const entry = this.#entry(slot);
      if (entry.state === 'held' || entry.state === 'sealed')
        entry.state = this.#current(slot) ? 'serving' : 'starting';
    }
    this.#changes.wake();
  }

  control(slots: readonly number[], controlled: boolean): void {
    for (const slot of slots) this.#entry(slot).controlled = controlled;
  }

  /** Requests at the application for these slots; long-lived connections do not count. */
  inFlight(slots: readonly number[]): number {
    let sum = 0;
    for (const slot of slots) for (const ticket of this.#entry(slot).tickets) if (ticket.counts) sum += 1;
    return sum;
  }

  /** Resolves when no request is at the application for these slots. @throws the signal's reason */
  async drained(slots: readonly number[], signal: AbortSignal): Promise<void> {
    while (this.inFlight(slots) > 0) await this.#drains.next(signal);
  }

  /** Resolves at the next change of a slot. @throws the signal's reason */
  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }

  close(): void {
    this.#stopListening();
    for (const entry of this.#entries) fence(entry);
  }

  #entry(slot: number): Entry {
    const entry = this.#entries[slot];
    if (entry === undefined)
      throw new RangeError(`slot: expected 0 to ${this.count - 1} on ${this.slice}, got ${slot}`);
    return entry;
  }

  #current(slot: number): boolean {
    const { term } = this.#entry(slot);
    return term !== undefined && term === this.#lease.term;
  }
}

function fence(entry: Entry): void {
  for (const ticket of [...entry.tickets]) ticket.fence();
}
