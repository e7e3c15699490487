import type { SlotHolder, SlotMaps } from '../../core/hand-over/slots.ts';
import type { App } from '../contract.ts';
import type { Log } from '../log.ts';
import type { Lease } from './lease.ts';
import type { SlotTable } from './slot-table.ts';

/**
 * How a slot came to a slice: `whole`, by a hand-over that brought all of its state; `given`, without any; `lost`: a
 * hand-over brought it, and the slice has left the shard since, so that nobody but the source has it.
 */
export type Brought = 'whole' | 'given' | 'lost';

export interface KeeperParts {
  readonly shard: string;
  readonly table: SlotTable;
  readonly maps: SlotMaps;
  readonly app: Pick<App, 'serve' | 'resume' | 'release' | 'state'>;
  readonly lease: Lease;
  readonly log: Log;
  readonly brought: (slot: number, epoch: number) => Promise<Brought>;
  /** Throws when the application has lost what was brought for a slot. */
  readonly confirm: (slot: number, epoch: number) => Promise<void>;
}

/** What is known to be this slice's by right. */
interface Acquired {
  readonly epoch: number;
  /** Of the lease. */
  readonly term: number;
  /** What the application may still have of it is of another time. */
  isFresh: boolean;
  /** It may be quiesced since before this agent's start. */
  isQuiet: boolean;
}

/** Of a slot that came without a lease: it is acquired anew. */
const NO_TERM = -1;

/**
 * Brings the table of one slice in line with the map of its shard: serves what the slice was given, leaves what it lost.
 *
 * Invariant: a slot is served only under an epoch that was acquired in the term of the lease that lasts. After a gap, or
 * a restart of the agent, another one may be about to take the slot on the word that the lease had ended; so the slot
 * gets a new epoch by a conditional write first, which that one's write then fails on. A slot that was handed over gets one
 * for the same reason: the source takes it back from a target that ended before it served.
 */
export class SlotKeeper {
  readonly #parts: KeeperParts;
  readonly #acquired = new Map<number, Acquired>();
  /**
   * Slots of which it is known who held them when this agent began: only of these can it be told that one was given to
   * this slice just now. A look under a lease finds it out, but not of what is under control: requests ask for looks
   * before it is known what an agent that ended has left.
   */
  readonly #looked = new Set<number>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isClosed = false;
  readonly #taking = new Map<number, Promise<boolean>>();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Resolves after a look that began after the call. Failures of the application are logged and tried again later. @throws what the table throws */
  refresh(): Promise<void> {
    if (this.#running === undefined) {
      const run = this.#look();
      this.#running = run.finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    const begin = () => {
      this.#next = undefined;
      return this.refresh();
    };
    this.#next ??= this.#running.then(begin, begin);
    return this.#next;
  }

  /**
   * Serves a slot that another one has just passed to this slice, on that one's word.
   * @throws {Error} when it is not served then
   */
  async take(slot: number, epoch: number): Promise<void> {
    const { table, lease } = this.#parts;
    const { term } = lease;
    if (term === undefined) throw new Error(`slot ${slot}: the lease of ${table.slice} has ended`);
    const mine = table.look(slot);
    if (mine.state === 'serving' && !mine.lapsed && mine.epoch >= epoch) return;
    if (mine.epoch > epoch)
      throw new Error(`slot ${slot}: expected an epoch above ${mine.epoch}, got ${epoch}`);
    if (!(await this.#take({ slot, epoch, holder: table.slice }, term)))
      throw new Error(`slot ${slot}: the application does not serve it on ${table.slice}`);
  }

  /** The slot was given away and taken back: what the application has of it is whole, and it may be quiesced. */
  restored(slot: number, epoch: number): void {
    const { term = NO_TERM } = this.#parts.lease;
    this.#acquired.set(slot, { epoch, term, isFresh: false, isQuiet: true });
  }

  /** The slice leaves its shard: nobody holds its slots then. What is under control of a hand-over stays. @throws what the table throws */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running?.catch(() => {});
    const { table } = this.#parts;
    const all = Array.from({ length: table.count }, (_, slot) => slot);
    await this.giveBack(all.filter((slot) => !table.look(slot).controlled));
  }

  /** Nobody holds these slots then, of those that are this slice's. @throws what the table throws */
  async giveBack(slots: readonly number[]): Promise<void> {
    const { table, maps, shard } = this.#parts;
    table.hold(slots);
    const holders = await maps.read(shard, table.count);
    for (const slot of slots) {
      let there = holders[slot]!;
      // One that was just being taken has another epoch by now.
      while (there.holder === table.slice) there = (await maps.pass(shard, there, undefined)).slot;
      if (there.epoch >= table.look(slot).epoch) await this.#leave(there);
    }
  }

  /** The application has begun anew, with the state that it had: each of these slots is served again under a new epoch. */
  renew(slots: readonly number[]): void {
    for (const slot of slots) {
      const known = this.#acquired.get(slot);
      if (known !== undefined) this.#acquired.set(slot, { ...known, term: NO_TERM, isQuiet: false });
    }
  }

  async #look(): Promise<void> {
    const { maps, shard, table, lease } = this.#parts;
    if (this.#isClosed) return;
    const { term } = lease;
    const holders = await maps.read(shard, table.count);
    await Promise.all(
      holders.map(async (seen) => {
        if (this.#isClosed) return;
        const mine = table.look(seen.slot);
        if (mine.controlled || seen.epoch < mine.epoch) return;
        const isMine = seen.holder === table.slice;
        if (!isMine) await this.#leave(seen);
        // Without a lease nothing is looked at in earnest.
        if (term === undefined) return;
        const isServed = mine.state === 'serving' && !mine.lapsed && mine.epoch === seen.epoch;
        if (isMine && !isServed) await this.#take(seen, term);
        this.#looked.add(seen.slot);
      }),
    );
  }

  /** True: it is served now. One after the other for each slot. */
  async #take(seen: SlotHolder, term: number): Promise<boolean> {
    const before = this.#taking.get(seen.slot);
    if (before !== undefined) {
      await before.catch(() => false);
      const mine = this.#parts.table.look(seen.slot);
      if (mine.epoch > seen.epoch || (mine.epoch === seen.epoch && mine.state === 'serving' && !mine.lapsed))
        return mine.state === 'serving';
      return this.#take(seen, term);
    }
    const taking = this.#takeNow(seen, term);
    this.#taking.set(seen.slot, taking);
    try {
      return await taking;
    } finally {
      this.#taking.delete(seen.slot);
    }
  }

  async #takeNow(seen: SlotHolder, term: number): Promise<boolean> {
    const { maps, shard, table, app, log } = this.#parts;
    const { slot } = seen;
    const known = this.#acquired.get(slot);
    const isFirst = !this.#looked.has(slot);
    let { epoch } = seen;
    // What this slice held in another time may be older than what another one held since.
    const isNew = known === undefined ? !isFirst : known.epoch !== epoch;
    const brought = known?.epoch === epoch ? 'given' : await this.#parts.brought(slot, epoch);
    if (brought === 'lost') {
      // Its source takes it back. Served here, it would be empty.
      log.warn('slot-without-state', { shard, slice: table.slice, slot, epoch });
      return false;
    }
    const isBrought = isNew && brought === 'whole';
    const isFresh = isNew ? !isBrought : (known?.isFresh ?? false);
    const isQuiet = known === undefined ? isFirst : known.isQuiet;
    if (known === undefined ? isFirst : known.term !== term) {
      const passed = await maps.pass(shard, seen, table.slice);
      if (!passed.ok) {
        await this.#leave(passed.slot);
        return false;
      }
      epoch = passed.slot.epoch;
    } else if (isBrought) epoch += 1;
    const acquired: Acquired = { epoch, term, isFresh, isQuiet };
    this.#acquired.set(slot, acquired);
    if (table.look(slot).controlled) return false;
    // Until it is acquired under the next epoch, this one may have to be tried again.
    const started = isBrought ? seen.epoch : epoch;
    table.start(slot, started);
    try {
      if (acquired.isFresh) await app.state.discard(slot);
      acquired.isFresh = false;
      await app.serve(slot, epoch);
      // Not before: it may begin anew until it serves.
      if (isBrought) await this.#parts.confirm(slot, seen.epoch);
      if (acquired.isQuiet) await app.resume([slot]);
      acquired.isQuiet = false;
    } catch (error) {
      log.warn('slot-not-served', { shard, slice: table.slice, slot, epoch, error });
      return false;
    }
    // Given back under this epoch, its source takes it again; under the next one it was served here.
    if (this.#isClosed) return false;
    if (isBrought) {
      // From here on it is not given back, whatever becomes of this agent: the application serves it.
      const passed = await maps.pass(shard, seen, table.slice);
      if (!passed.ok) {
        await this.#leave(passed.slot);
        return false;
      }
    }
    const now = table.look(slot);
    if (this.#isClosed || now.epoch !== started || now.controlled) return false;
    table.serve(slot, epoch, term);
    log.info('slot-served', { shard, slice: table.slice, slot, epoch });
    return true;
  }

  async #leave(seen: SlotHolder): Promise<void> {
    const { table, app, shard, log } = this.#parts;
    const { slot, epoch, holder } = seen;
    const wasHere = table.look(slot).state !== 'away';
    if (!wasHere && table.look(slot).epoch === epoch) return;
    table.pass(slot, epoch, holder);
    if (!wasHere) return;
    log.info('slot-left', { shard, slice: table.slice, slot, epoch, holder });
    try {
      await app.release(slot, epoch);
    } catch (error) {
      log.warn('slot-not-released', { shard, slice: table.slice, slot, epoch, error });
    }
  }
}
