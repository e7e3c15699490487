import { BEFORE_SWITCH, type HandOver, isOver } from '../../core/hand-over/record.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { StateSink } from '../contract.ts';
import type { CopyTarget } from '../transfer/types.ts';
import { KnownRecord } from './known-record.ts';
import { LEASE_MARGIN, type SessionParts } from './parts.ts';
import { persist } from './persist.ts';
import { releaseStale } from './recover.ts';
import { checkRun, RESTARTED } from './restarted.ts';
import type { SliceRuntime } from './runtime.ts';

const LOOK: Seconds = 1;
/** A source that was told that it failed may be passing a slot just then; what came is kept for so long. */
const KEPT: Seconds = 60;

/**
 * The target's side of one hand-over.
 *
 * Lifecycle: begin (the shard's environment) → sets are applied → `ready` → each slot is served when the source has passed
 * it. When the copy ends after `ready` without that, this side watches: slots that were passed are served; slots of a
 * source whose lease is over are taken.
 *
 * Invariant: it takes slots only under the epochs of the record, so that a source that came back and acquired them anew
 * keeps them.
 */
export class TargetSession implements CopyTarget {
  readonly #parts: SessionParts;
  readonly #record: KnownRecord;
  readonly #activate: (slice: string, shard: string) => Promise<SliceRuntime>;
  readonly #onOver: () => void;
  readonly #end: AbortSignal;
  readonly #agentEnd: AbortSignal;
  readonly #replaced = new AbortController();
  /** Aborted when it is given up here before the switch. */
  readonly #given = new AbortController();
  readonly #busy = new Set<Promise<unknown>>();
  #runtime: SliceRuntime | undefined;
  #generation: string | undefined;
  #isReady = false;
  #isClosed = false;
  #isForgotten = false;
  #isResumed = false;

  /** @param onOver the hand-over is over, and what came by it is served, or forgotten */
  constructor(
    parts: SessionParts,
    handOver: HandOver,
    activate: (slice: string, shard: string) => Promise<SliceRuntime>,
    onOver: () => void,
    end: AbortSignal,
  ) {
    this.#parts = parts;
    this.#onOver = onOver;
    this.#record = new KnownRecord(parts, handOver);
    this.#activate = activate;
    this.#agentEnd = end;
    this.#end = AbortSignal.any([end, this.#replaced.signal]);
  }

  get id(): string {
    return this.#record.seen.id;
  }

  /** One copy was here: another one would meet what it has brought. */
  get isClosed(): boolean {
    return this.#isReady || this.#isClosed;
  }

  /** Nothing is left of it. */
  get isForgotten(): boolean {
    return this.#isForgotten;
  }

  get slots(): readonly number[] {
    return this.#record.seen.slots.map(({ slot }) => slot);
  }

  get target(): string {
    return this.#record.seen.target;
  }

  /** Another hand-over, or nobody, has the slice now: nothing of this one touches the application when this resolves. */
  async replace(): Promise<void> {
    this.#replaced.abort(new Error(`${this.id} was replaced`));
    this.#isForgotten = true;
    await Promise.allSettled([...this.#busy]);
  }

  /**
   * The instance ends, or the slice leaves: before the switch the record says so, which ends the copy; after it, what comes
   * is taken. Never fails.
   */
  async giveUp(why: string): Promise<void> {
    if (this.#isForgotten || isOver(this.#record.seen)) return;
    const change = { phase: 'failed', error: why } as const;
    try {
      if (!(await this.#record.advance(change, 'failed', this.#agentEnd, BEFORE_SWITCH))) return;
      this.#parts.log.warn('hand-over-given-up', { id: this.id, why });
      this.#given.abort(new Error(why));
    } catch (error) {
      this.#parts.log.warn('hand-over-left', { id: this.id, error });
    }
  }

  readonly sink: StateSink = {
    apply: (slot, changes, signal = this.#end) =>
      this.#touch(
        async (end) => {
          end.throwIfAborted();
          await this.#app.state.apply(slot, changes, end);
        },
        AbortSignal.any([signal, this.#given.signal]),
      ),
    discard: (slot, signal) =>
      this.#touch(async (end) => {
        // What is there now may be of the next one.
        if (!this.#replaced.signal.aborted) await this.#app.state.discard(slot, end);
      }, signal),
  };

  async #touch(work: (end: AbortSignal) => Promise<void>, signal = this.#end): Promise<void> {
    const working = work(AbortSignal.any([signal, this.#end]));
    this.#busy.add(working);
    try {
      await working;
    } finally {
      this.#busy.delete(working);
    }
  }

  async begin(): Promise<void> {
    const { target, shard } = this.#record.seen;
    this.#runtime = await this.#activate(target, shard);
    const { table, run } = this.#runtime;
    this.#generation = run.known;
    // An agent that was restarted does not know what came before.
    for (const slot of this.slots) {
      if (table.look(slot).state !== 'away') throw new Error(`slot ${slot} is held by ${target} itself`);
      await this.sink.discard(slot);
    }
  }

  async ready(): Promise<void> {
    this.#given.signal.throwIfAborted();
    // What came is forgotten with the environment that it came to.
    this.#end.throwIfAborted();
    await this.check();
    this.#isReady = true;
  }

  async serve(slot: number, epoch: number): Promise<void> {
    if (this.#runtime === undefined) throw new Error(`slot ${slot}: the hand-over has not begun here`);
    await this.#runtime.keeper.take(slot, epoch);
  }

  /** The application has what was applied. @throws {Error} when it was restarted since */
  async check(): Promise<void> {
    const runtime = this.#runtime;
    if (runtime === undefined) return;
    await checkRun(this.#parts, runtime, this.#end);
    if (!this.#isSameRun) throw new Error(RESTARTED);
  }

  get #isSameRun(): boolean {
    const run = this.#runtime?.run;
    return run === undefined || this.#isResumed || (!run.isLost && run.known === this.#generation);
  }

  get hasEverything(): boolean {
    return this.#isReady && !this.#isForgotten && this.#record.seen.phase !== 'failed';
  }

  /** What it has was brought to an agent that has ended. */
  get isResumed(): boolean {
    return this.#isResumed;
  }

  /** Whether a slot that this slice has under this epoch came with all its state. */
  brought(slot: number, epoch: number): boolean {
    return (
      this.hasEverything &&
      this.#isSameRun &&
      this.#record.seen.slots.some((one) => one.slot === slot && one.epoch + 1 === epoch)
    );
  }

  ended(error: Error | undefined): void {
    this.#parts.log.info('copy-ended', { id: this.id, ready: this.#isReady, error });
    this.#close();
  }

  /** A restarted agent finds the switch under way. It does not know what came, so it takes nothing by itself. */
  resume(runtime: SliceRuntime): void {
    this.#runtime = runtime;
    this.#isResumed = true;
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch().catch((error: unknown) => this.#parts.log.warn('hand-over-left', { id: this.id, error }));
  }

  get #app() {
    if (this.#runtime === undefined) throw new Error('the hand-over has not begun here');
    return this.#runtime.app;
  }

  /** Until the hand-over is over, whoever ends it. */
  async #watch(): Promise<void> {
    const { clock, agents } = this.#parts;
    const { source } = this.#record.seen;
    const { instance } = parseSliceId(source);
    for (;;) {
      const now = await persist(this.#parts, 'read the hand-over', () => this.#record.read(), this.#end);
      if (isOver(now)) break;
      const agent = await persist(this.#parts, `look at ${instance}`, () => agents.get(instance), this.#end);
      const isGone = agent === undefined || clock.now() > agent.leaseUntil + LEASE_MARGIN;
      if (isGone && this.#isReady && now.phase === 'switching') await this.#take();
      await this.#refresh();
      await this.#conclude(isGone);
      if (isOver(this.#record.seen)) break;
      await clock.sleep(LOOK, this.#end);
    }
    if (this.#isReady && this.#record.seen.phase === 'failed') {
      await clock.sleep(KEPT, this.#end);
      await this.#forget();
    } else if (this.#runtime !== undefined && this.#record.seen.phase === 'failed') {
      // A restarted agent: the application may serve what was taken back since.
      await releaseStale(this.#parts, this.#runtime, []);
    }
    this.#isForgotten = true;
    this.#onOver();
  }

  /** The source has ended: what it had acknowledged is all here. */
  async #take(): Promise<void> {
    const { shard, source, target, slots } = this.#record.seen;
    for (const { slot, epoch } of slots) {
      const seen = { slot, epoch, holder: source };
      const write = () => this.#parts.maps.pass(shard, seen, target);
      const { ok, slot: there } = await persist(this.#parts, `take slot ${slot}`, write, this.#end);
      this.#parts.log.info('slot-taken', { id: this.id, slot, epoch: there.epoch, ok });
    }
  }

  async #refresh(): Promise<void> {
    await this.#runtime?.keeper
      .refresh()
      .catch((error: unknown) => this.#parts.log.warn('slots-not-read', { id: this.id, error }));
  }

  /** Says `done` when all slots are served here; `failed` when all have moved on, not all to here, or none ever will. */
  async #conclude(isGone: boolean): Promise<void> {
    const runtime = this.#runtime;
    if (runtime === undefined) return;
    const { shard, target, slots } = this.#record.seen;
    const looks = slots.map(({ slot }) => runtime.table.look(slot));
    if (looks.every(({ state, lapsed }) => state === 'serving' && !lapsed)) {
      await this.#record.advance({ phase: 'done' }, 'done', this.#end);
      return;
    }
    const read = () => this.#parts.maps.read(shard, runtime.table.count);
    const map = await persist(this.#parts, `read the slots of ${shard}`, read, this.#end);
    const moved = slots.filter(({ slot, epoch }) => map[slot]!.epoch > epoch);
    const here = moved.filter(({ slot }) => map[slot]!.holder === target);
    let error: string | undefined;
    if (moved.length === slots.length && here.length < slots.length)
      error = `${here.length} of ${slots.length} slots are held by ${target}, the others by others`;
    else if (isGone && !this.#isReady && here.length === 0)
      error = `${this.#record.seen.source} ended before ${target} had everything`;
    if (error !== undefined) await this.#record.advance({ phase: 'failed', error }, 'failed', this.#end);
  }

  /** What came for slots that did not. */
  async #forget(): Promise<void> {
    const runtime = this.#runtime;
    if (runtime === undefined) return;
    await runtime.keeper.refresh();
    this.#isForgotten = true;
    for (const slot of this.slots) {
      if (runtime.table.look(slot).state !== 'away') continue;
      await this.sink
        .discard(slot)
        .catch((error: unknown) => this.#parts.log.warn('not-discarded', { id: this.id, slot, error }));
    }
  }
}
