import type { Clock } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';
import { EventHeap } from './heap.ts';

/** All microtasks have run before the next macrotask starts, and flows wait for nothing but microtasks and this clock. */
const microtasksDone = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Virtual time: events in order of time, then of scheduling.
 *
 * Lifecycle: `schedule` and `sleepUntil` put events in; `runUntil` fires them. Where an event woke a flow, all that
 * the flow does without waiting happens before time goes on.
 * Gotcha: a flow that waits for anything real (a timer, a file) is not waited for.
 */
export class VirtualClock implements Clock {
  readonly #heap = new EventHeap();
  #now: Seconds;
  #order = 0;
  #woken = false;

  constructor(start: Seconds) {
    this.#now = start;
  }

  now(): Seconds {
    return this.#now;
  }

  /** Events that wait. */
  get pending(): number {
    return this.#heap.size;
  }

  /** Fires at `at`, or next when that has passed. It must not throw. */
  schedule(at: Seconds, fire: () => void): void {
    this.#heap.push({ at: Math.max(at, this.#now), order: this.#order++, fire });
  }

  /** Tells the clock that a flow has something to do now, so that it lets it. */
  wake(): void {
    this.#woken = true;
  }

  sleepUntil(until: Seconds): Promise<void> {
    if (until <= this.#now) return Promise.resolve();
    return new Promise((resolve) =>
      this.schedule(until, () => {
        this.#woken = true;
        resolve();
      }),
    );
  }

  /** Fires every event up to and at `until`; then it is `until`. */
  async runUntil(until: Seconds): Promise<void> {
    // The caller may have started a flow that has not yet come to its first wait.
    this.#woken = true;
    for (;;) {
      if (this.#woken) {
        this.#woken = false;
        await microtasksDone();
        continue;
      }
      const next = this.#heap.peek();
      if (next === undefined || next.at > until) break;
      this.#now = next.at;
      // All events of one instant fire before the flows that they woke go on: one turn of the loop for all of them.
      while (this.#heap.peek()?.at === next.at) this.#heap.pop()?.fire();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Runs until the promise is settled, for tests and start-up. @throws {Error} when nothing is left that could settle it. */
  async settle<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    await this.runUntil(this.#now);
    while (!settled) {
      const next = this.#heap.peek();
      if (next === undefined)
        throw new Error(`virtual time stands still at ${this.#now}: no event left, work not settled`);
      await this.runUntil(next.at);
    }
    return work;
  }
}
