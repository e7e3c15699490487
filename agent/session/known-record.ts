import {
  type HandOver,
  type HandOverChange,
  type HandOverPhase,
  isOver,
} from '../../core/hand-over/record.ts';
import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from '../gateway/clock.ts';
import { Waiters } from '../gateway/waiters.ts';
import type { SessionParts } from './parts.ts';
import { persist } from './persist.ts';

/** The record of one hand-over as this agent has last seen it. */
export class KnownRecord {
  readonly #parts: Pick<SessionParts, 'handOvers' | 'clock' | 'log'>;
  readonly #changes = new Waiters();
  #seen: HandOver;
  /** Why the hand-over cannot be carried out, once that is known. */
  problem: string | undefined;

  constructor(parts: Pick<SessionParts, 'handOvers' | 'clock' | 'log'>, seen: HandOver) {
    this.#parts = parts;
    this.#seen = seen;
  }

  get seen(): HandOver {
    return this.#seen;
  }

  /** @throws what the table throws */
  async read(): Promise<HandOver> {
    return this.#take(await this.#parts.handOvers.get(this.#seen.source));
  }

  /**
   * Writes until the table has it.
   * @param only in these phases @default in each
   * @returns whether the record is in that phase then; false: somebody else has ended it, or it has come further.
   * @throws the signal's reason
   */
  async advance(
    change: HandOverChange,
    phase: HandOverPhase,
    signal: AbortSignal,
    only?: readonly HandOverPhase[],
  ): Promise<boolean> {
    const { source, id } = this.#seen;
    const write = () => this.#parts.handOvers.advance(source, id, change, only);
    this.#take(await persist(this.#parts, `write ${phase} into ${id}`, write, signal));
    return this.#seen.phase === phase;
  }

  /** Writes in the background; what is said here holds here at once. */
  write(change: Pick<HandOverChange, 'progress' | 'go' | 'deadline'>, signal: AbortSignal): void {
    const { source, id } = this.#seen;
    const { go = false, deadline = Number.POSITIVE_INFINITY } = change;
    const earliest = Math.min(this.#seen.deadline ?? Number.POSITIVE_INFINITY, deadline);
    this.#seen = {
      ...this.#seen,
      go: this.#seen.go || go,
      ...(Number.isFinite(earliest) && { deadline: earliest }),
    };
    if (change.go !== undefined || change.deadline !== undefined) this.#changes.wake();
    const write = () => this.#parts.handOvers.advance(source, id, change);
    const written = change.progress ? write() : persist(this.#parts, `write into ${id}`, write, signal);
    written.then(
      (now) => this.#take(now),
      (error: unknown) => {
        if (!signal.aborted) this.#parts.log.warn('hand-over-not-written', { id, error });
      },
    );
  }

  /** Resolves after so many seconds, at a change that was said here, or when the signal is aborted. */
  async changed(clock: AgentClock, seconds: Seconds, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const either = AbortSignal.any([done.signal, signal]);
    await Promise.race([this.#changes.next(either), clock.sleep(seconds, either)]).catch((error) => {
      if (!either.aborted) throw error;
    });
    done.abort();
  }

  #take(now: HandOver | undefined): HandOver {
    // Another one took its place: whatever it was, it is over.
    if (now === undefined || now.id !== this.#seen.id) {
      if (!isOver(this.#seen))
        this.#seen = { ...this.#seen, phase: 'failed', error: 'another hand-over took its place' };
      return this.#seen;
    }
    if (now.version < this.#seen.version) return this.#seen;
    const { go, deadline } = this.#seen;
    const deadlines = [deadline, now.deadline].filter((one) => one !== undefined);
    this.#seen = {
      ...now,
      go: go || now.go,
      ...(deadlines.length > 0 && { deadline: Math.min(...deadlines) }),
    };
    if (now.go !== go || isOver(now)) this.#changes.wake();
    return this.#seen;
  }
}
