import { MIB } from '../../core/bytes.ts';
import { type HandOver, type HandOverChange, isOver } from '../../core/hand-over/record.ts';
import type { Seconds } from '../../core/time.ts';
import { preCopy } from '../transfer/pre-copy.ts';
import type { Copy } from '../transfer/types.ts';
import { giveBack } from './give-back.ts';
import { KnownRecord } from './known-record.ts';
import type { SessionParts } from './parts.ts';
import { aborted, persist, within } from './persist.ts';
import type { SliceRuntime } from './runtime.ts';
import { settle } from './settle.ts';
import { Stopped, switchOver } from './switch-over.ts';

/** Seconds that quiescing and passing the slots take as a rule; measured parts come on top. */
const FIXED_PAUSE: Seconds = 0.3;
/** Of one try to reach the target's agent. */
const CONNECT: Seconds = 10;

/**
 * The source's side of one hand-over.
 *
 * Order of things, each a point at which the agent may die: connect → `copying` → rounds → `switching` → hold →
 * quiesce → seal → last changes, verified and applied (`ready`) → slots passed → target serves → `done` → release.
 * Until the first slot is passed everything can be taken back: first the record says `failed`, then the application
 * serves on. A record of phase `switching` therefore means that nothing was acknowledged since.
 */
export class SourceSession {
  readonly #parts: SessionParts;
  readonly #runtime: SliceRuntime;
  readonly #record: KnownRecord;
  readonly #stop = new AbortController();
  /** Ends all, the switch too: the agent ends. */
  readonly #end = new AbortController();
  readonly id: string;
  readonly target: string;
  /** Settles with the record as it is when nothing is left to be done; never fails. */
  readonly over: Promise<HandOver>;

  /** @param isPassing the agent was restarted when slots had been passed already: what is left is the end */
  constructor(parts: SessionParts, runtime: SliceRuntime, handOver: HandOver, isPassing = false) {
    this.#parts = parts;
    this.#runtime = runtime;
    this.#record = new KnownRecord(parts, handOver);
    this.id = handOver.id;
    this.target = handOver.target;
    this.over = this.#run(isPassing);
  }

  get handOver(): HandOver {
    return this.#record.seen;
  }

  /** Something that both sides may say at any time, e.g. go, or an earlier deadline. */
  change(change: Pick<HandOverChange, 'go' | 'deadline'>): void {
    this.#record.write(change, this.#end.signal);
  }

  /** The slice leaves, or somebody does not want it any more. What is past the pre-copy is brought to its end. */
  stop(why: string): void {
    this.#stop.abort(new Stopped(why));
  }

  /** The agent ends: nothing more is done; the next one finds the record. */
  end(): void {
    this.#end.abort(new Stopped('the agent ends'));
  }

  async #run(isPassing: boolean): Promise<HandOver> {
    const { log } = this.#parts;
    const { shard, source, target } = this.#record.seen;
    log.info('hand-over-begins', { id: this.id, shard, source, target, cause: this.#record.seen.cause });
    try {
      if (isPassing) await this.#finishPassing();
      else await this.#carryOut();
    } catch (error) {
      // Only the end of the agent gets here: whoever comes next finds the record.
      log.warn('hand-over-left', { id: this.id, error });
    }
    const { phase, error, progress } = this.#record.seen;
    log.info('hand-over-ends', { id: this.id, phase, error, pause: progress?.pause });
    return this.#record.seen;
  }

  async #carryOut(): Promise<void> {
    const record = this.#record;
    const signal = AbortSignal.any([this.#stop.signal, this.#end.signal]);
    let copy: Copy | undefined;
    let why: string;
    try {
      this.#check();
      copy = await this.#connect(signal);
      if (!(await record.advance({ phase: 'copying' }, 'copying', signal))) return;
      const { outcome, progress } = await this.#preCopy(copy, signal);
      if (outcome === 'deadline') why = 'deadline';
      else {
        this.#check();
        const parts = this.#parts;
        const task = { record, runtime: this.#runtime, copy, progress, end: this.#end.signal };
        if (await switchOver(parts, task)) return;
        why = record.problem ?? 'the switch failed';
      }
    } catch (error) {
      if (this.#end.signal.aborted) throw error;
      why = error instanceof Error ? error.message : String(error);
    } finally {
      // What has come to the target is discarded there, unless it is ready.
      void copy?.close().catch((error: unknown) => this.#parts.log.warn('copy-not-closed', { error }));
    }
    await giveBack(this.#parts, { record, runtime: this.#runtime, why, end: this.#end.signal });
  }

  async #finishPassing(): Promise<void> {
    const task = { record: this.#record, runtime: this.#runtime, end: this.#end.signal };
    await settle(this.#parts, { ...task, began: this.#parts.clock.monotonic(), copy: undefined });
  }

  /** @throws {Error} when slots of the record are not here any more, or under another epoch: it cannot be carried out. */
  #check(): void {
    const { table } = this.#runtime;
    const own = new Map(table.own.map(({ slot, epoch }) => [slot, epoch]));
    const moved = this.#record.seen.slots.filter(({ slot, epoch }) => own.get(slot) !== epoch);
    if (moved.length > 0)
      throw new Error(
        `slots: expected ${moved.map(({ slot, epoch }) => `${slot} under epoch ${epoch}`).join(', ')}, ` +
          `got ${moved.map(({ slot }) => `${slot} under ${own.get(slot) ?? 'none'}`).join(', ')} on ${table.slice}`,
      );
  }

  /** The target's agent may be about to start. */
  async #connect(signal: AbortSignal): Promise<Copy> {
    const { clock, connect } = this.#parts;
    let last: unknown;
    for (const pause of [0, 0.2, 0.5, 1, 2]) {
      await clock.sleep(pause, signal);
      try {
        return await within(this.#parts, CONNECT, 'connect', signal, (one) =>
          connect(this.#record.seen, one),
        );
      } catch (error) {
        signal.throwIfAborted();
        last = error;
        this.#parts.log.warn('target-not-reached', { id: this.id, target: this.target, error });
        if (await this.#isGivenUp(signal)) break;
      }
    }
    throw last;
  }

  /** Whether somebody else has ended the hand-over. */
  async #isGivenUp(signal: AbortSignal): Promise<boolean> {
    return isOver(await persist(this.#parts, 'read the hand-over', () => this.#record.read(), signal));
  }

  async #preCopy(copy: Copy, signal: AbortSignal) {
    const { clock, log } = this.#parts;
    const record = this.#record;
    const { settings, app, slice } = this.#runtime;
    const slots = record.seen.slots.map(({ slot }) => slot);
    const given = new AbortController();
    const either = AbortSignal.any([signal, given.signal]);
    const stats = await within(this.#parts, 5, 'stats of the application', either, (s) => app.stats(s)).catch(
      (error: unknown) => {
        either.throwIfAborted();
        log.warn('stats-missing', { slice, error });
        return { slots: [], metrics: {} };
      },
    );
    const known = stats.slots.filter(({ slot }) => slots.includes(slot));
    const stateBytes = known.length > 0 ? sum(known.map((s) => s.stateBytes)) : settings.stateMiB * MIB;
    const dirty = known.map((s) => s.dirtyBytesPerSecond ?? s.stateBytes * settings.dirtyPerSecond);
    let wrote = Number.NEGATIVE_INFINITY;
    // A target that never answers must not take the source past its deadline.
    const copied = new AbortController();
    void this.#watchDeadline(given, AbortSignal.any([either, copied.signal]));
    const copying = preCopy({
      copy,
      source: app.state,
      slots,
      stateBytes,
      dirtyBytesPerSecond: known.length > 0 ? sum(dirty) : stateBytes * settings.dirtyPerSecond,
      fixedPause: FIXED_PAUSE,
      isGo: () => record.seen.go,
      deadline: () => record.seen.deadline,
      now: () => clock.now(),
      wait: async (seconds, until) => {
        await record.changed(clock, seconds, AbortSignal.any([until, either]));
        // What others write into the record is seen by the next write of the progress, or here.
        if (until.aborted || either.aborted) return;
        await record.read().catch((error: unknown) => log.warn('hand-over-not-read', { id: this.id, error }));
        if (isOver(record.seen)) given.abort(new Stopped(record.seen.error ?? 'the hand-over was ended'));
      },
      onProgress: (progress) => {
        const now = clock.monotonic();
        if (now - wrote < 1) return;
        wrote = now;
        record.write({ progress }, this.#end.signal);
      },
      signal: either,
    });
    try {
      return await Promise.race([copying, aborted(either)]);
    } finally {
      // A round may go on, which the last changes wait for: its signal stays as it is.
      copied.abort();
      copying.catch(() => undefined);
    }
  }

  async #watchDeadline(given: AbortController, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      const { deadline = Number.POSITIVE_INFINITY } = this.#record.seen;
      if (clock.now() >= deadline) given.abort(new Stopped('deadline'));
      await clock.sleep(1, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
