import type { AgentClock } from '../../agent/gateway/clock.ts';

/** Time that passes when the test says so. Wall clock and monotonic clock are one. */
export class ManualClock implements AgentClock {
  #now: number;
  #next = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly call: () => void }>();

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now = () => this.#now;
  monotonic = () => this.#now;

  after(seconds: number, call: () => void): () => void {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + seconds, call });
    return () => this.#timers.delete(id);
  }

  sleep(seconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const cancel = this.after(seconds, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      const stop = () => {
        cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Passes time up to the next timer, at most `seconds`. @returns whether there was one */
  step(seconds = Number.POSITIVE_INFINITY): boolean {
    const due = [...this.#timers].sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
    if (due === undefined || due[1].at > this.#now + seconds) {
      if (Number.isFinite(seconds)) this.#now += seconds;
      return false;
    }
    this.#now = Math.max(this.#now, due[1].at);
    this.#timers.delete(due[0]);
    due[1].call();
    return true;
  }

  /** Passes so much time, with all that what is woken does in turns of the event loop. */
  async pass(seconds: number): Promise<void> {
    const until = this.#now + seconds;
    do {
      await turns();
    } while (this.step(until - this.#now));
    await turns();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function turns(count = 8): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
