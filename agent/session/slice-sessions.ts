import { type HandOver, isOver, type NewHandOver, TARGET_LEAVES } from '../../core/hand-over/record.ts';
import type { Seconds } from '../../core/time.ts';
import type { Lease } from '../gateway/lease.ts';
import type { Notice } from '../serving.ts';
import type { SessionParts } from './parts.ts';
import { persist, within } from './persist.ts';
import { leftBehind, releaseStale } from './recover.ts';
import { ASK, RESTARTED, restarted } from './restarted.ts';
import type { SliceRuntime } from './runtime.ts';
import { SourceSession } from './source.ts';
import { hurried, wantedHandOver } from './triggers.ts';

/** What the agent knows from elsewhere, as of now. */
export interface Circumstances {
  readonly lease: Lease;
  readonly notice: () => Notice;
  readonly reserve: () => string | undefined;
  /** Id of the hand-over that the control plane wants of this slice. */
  readonly order: () => string | undefined;
  /** Looks for a hand-over to this slice that another life of the agent has left. @returns slots whose state came by it */
  readonly recover: () => Promise<readonly number[]>;
  /** Aborted when the agent ends. */
  readonly end: AbortSignal;
}

/** After a look that failed. */
const AGAIN: Seconds = 1;

/** A switch takes seconds; an agent that is stopped in the middle of one waits for it so long. */
const SWITCH: Seconds = 20;

/**
 * The hand-overs of one slice as the source: at most one at a time, whoever opened it. Orders and notices may come twice,
 * late, and in any order: each look starts from what is known then.
 */
export class SliceSessions {
  readonly #parts: SessionParts;
  readonly #runtime: SliceRuntime;
  readonly #now: Circumstances;
  readonly #failures = new Map<string, number>();
  readonly #closed = new AbortController();
  #session: SourceSession | undefined;
  #isRecovered = false;
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(parts: SessionParts, runtime: SliceRuntime, circumstances: Circumstances) {
    this.#parts = parts;
    this.#runtime = runtime;
    this.#now = circumstances;
  }

  /** Whether slots may come: what an agent that ended has left is known. */
  get isRecovered(): boolean {
    return this.#isRecovered;
  }

  /** Does what is due. What fails is said, and due again at the next look. */
  look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#looks().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Opens a hand-over that somebody has asked for, or joins the one that is under way. @throws what the table throws; {Error} when it is not to be had */
  async planned(target: string): Promise<HandOver> {
    const { slice: source, shard, table } = this.#runtime;
    const slots = table.own.map(({ slot, epoch }) => ({ slot, epoch }));
    const at = this.#parts.clock.now();
    const wanted = { shard, source, target, slots, cause: 'planned', at, go: true } as const;
    await this.#open(wanted);
    if (this.#session === undefined) throw new Error(`${target} is taken by another hand-over`);
    if (this.#session.target !== target)
      throw new Error(`${source} is being handed over to ${this.#session.target}`);
    return this.#session.over;
  }

  /** Calls off what has not come to the switch, and waits for what has. */
  async close(why: string): Promise<void> {
    this.#closed.abort(new Error(why));
    const session = this.#session;
    if (session === undefined) return;
    session.stop(why);
    const late = new AbortController();
    await Promise.race([
      session.over,
      this.#parts.clock.sleep(SWITCH, late.signal).catch((error: unknown) => {
        if (!late.signal.aborted) throw error;
      }),
    ]);
    late.abort();
    session.end();
    await session.over;
  }

  async #looks(): Promise<void> {
    while (this.#again && !this.#closed.signal.aborted) {
      this.#again = false;
      try {
        await this.#look();
      } catch (error) {
        this.#parts.log.warn('slice-not-looked-after', { slice: this.#runtime.slice, error });
        this.#parts.clock.after(AGAIN, () => void this.look());
      }
    }
  }

  async #look(): Promise<void> {
    const { lease, notice, reserve, order } = this.#now;
    const { slice, shard, table, keeper } = this.#runtime;
    const { handOvers, clock } = this.#parts;
    if (lease.term === undefined) return;
    if (!this.#isRecovered) await this.#recover();
    if (this.#runtime.run.isLost) {
      this.#session?.stop(RESTARTED);
      // What is past the pre-copy comes to its end, whichever that is.
      if (this.#session !== undefined) return;
      await restarted(this.#parts, this.#runtime, this.#now.end);
    }
    await keeper.refresh();
    this.#hurry();
    if (this.#session !== undefined) return;
    const ordered = order();
    if (ordered !== undefined) {
      const handOver = await handOvers.get(slice);
      if (handOver?.id === ordered && !isOver(handOver)) return void this.#begin(handOver);
    }
    const wanted = wantedHandOver({
      slice,
      shard,
      own: table.own,
      notice: notice(),
      reserve: reserve(),
      failures: (target) => this.#failures.get(target) ?? 0,
      now: clock.now(),
    });
    if (wanted !== undefined) await this.#open(wanted);
  }

  async #open(wanted: NewHandOver): Promise<void> {
    if (this.#session !== undefined || this.#closed.signal.aborted) return;
    const opened = await this.#parts.handOvers.open(wanted);
    if (opened.outcome === 'taken') {
      const { source: slice, target } = wanted;
      this.#parts.log.warn('reserve-taken', { slice, target, by: opened.by });
      return;
    }
    const { go, deadline } = wanted;
    const session = this.#begin(opened.handOver);
    if (go) session?.change({ go, ...(deadline !== undefined && { deadline }) });
  }

  #begin(handOver: HandOver, isPassing = false): SourceSession | undefined {
    if (this.#session !== undefined || this.#closed.signal.aborted || this.#now.end.aborted) return undefined;
    const session = new SourceSession(this.#parts, this.#runtime, handOver, isPassing);
    this.#session = session;
    this.#hurry();
    void session.over.then((end) => {
      this.#session = undefined;
      if (end.phase === 'failed') {
        const before = this.#failures.get(end.target) ?? 0;
        // A copy that would take too long takes too long once more, and a target that leaves does not stay.
        const isFinal = end.error === 'deadline' || end.error === TARGET_LEAVES;
        this.#failures.set(end.target, isFinal ? Number.POSITIVE_INFINITY : before + 1);
      }
      void this.look();
    });
    return session;
  }

  /** The notice may come while the pre-copy is under way. */
  #hurry(): void {
    if (this.#session === undefined) return;
    const change = hurried(this.#session.handOver, this.#now.notice());
    if (change !== undefined) this.#session.change(change);
  }

  /** Which run of the application has what is served from here on. */
  async #ask(): Promise<void> {
    const { app, run, slice } = this.#runtime;
    try {
      const ask = (signal: AbortSignal) => app.stats(signal);
      run.see((await within(this.#parts, ASK, 'stats of the application', this.#now.end, ask)).generation);
    } catch (error) {
      this.#now.end.throwIfAborted();
      this.#parts.log.warn('stats-missing', { slice, error });
    }
  }

  /** Once, before anything is served: what an agent that ended has left. */
  async #recover(): Promise<void> {
    const { handOvers } = this.#parts;
    const { slice, keeper, table, run } = this.#runtime;
    await this.#ask();
    const found = await handOvers.get(slice);
    const left = await leftBehind(this.#parts, this.#runtime, found);
    const coming = await this.#now.recover();
    if (!run.isLost) table.control(everyOf(table), false);
    this.#isRecovered = true;
    if (found !== undefined && left === 'pass') this.#begin(found, true);
    await persist(this.#parts, `read who holds the slots of ${slice}`, () => keeper.refresh(), this.#now.end);
    await releaseStale(this.#parts, this.#runtime, coming);
    if (found === undefined || left !== 'fail') return;
    const change = { phase: 'failed', error: 'the agent of the source was restarted' } as const;
    const write = () => handOvers.advance(slice, found.id, change);
    await persist(this.#parts, `fail ${found.id}`, write, this.#now.end);
  }
}

export const everyOf = ({ count }: { readonly count: number }) => Array.from({ length: count }, (_, i) => i);
