import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from './clock.ts';

/**
 * What the agent may serve on: without a beat that reached the table the right ends by itself.
 *
 * Invariant: what was allowed under one term is not allowed under the next. Between them another one may have taken the
 * slots, so each is acquired anew (keeper.ts).
 */
export class Lease {
  readonly #clock: AgentClock;
  readonly #ended = new Set<() => void>();
  #until = Number.NEGATIVE_INFINITY;
  #term = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: AgentClock) {
    this.#clock = clock;
  }

  /** Number of the time span without a gap that is on now, or undefined. */
  get term(): number | undefined {
    return this.#clock.monotonic() < this.#until ? this.#term : undefined;
  }

  /** Seconds left. */
  get left(): Seconds {
    return Math.max(0, this.#until - this.#clock.monotonic());
  }

  /** @param from monotonic time at which the beat that renewed it was begun, not when it was answered */
  renew(from: Seconds, seconds: Seconds): void {
    if (this.term === undefined) this.#term += 1;
    this.#until = Math.max(this.#until, from + seconds);
    this.#cancel?.();
    this.#cancel = this.#clock.after(this.left, () => this.#look());
  }

  /** Calls back at each end of a term. */
  onEnd(call: () => void): () => void {
    this.#ended.add(call);
    return () => this.#ended.delete(call);
  }

  /** The agent ends: nothing is served any more. */
  end(): void {
    this.#cancel?.();
    if (this.term === undefined) return;
    this.#until = Number.NEGATIVE_INFINITY;
    for (const call of this.#ended) call();
  }

  /** A timer may fire a little early. */
  #look(): void {
    if (this.term !== undefined) this.#cancel = this.#clock.after(this.left, () => this.#look());
    else for (const call of this.#ended) call();
  }
}
