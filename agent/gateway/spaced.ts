import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from './clock.ts';

/** Work begins at most so often, however many ask for it. */
const SPACE: Seconds = 0.05;

/** Work that many ask for at the same time, and that costs the same for one as for all of them. */
export class Spaced {
  readonly #clock: AgentClock;
  readonly #work: () => Promise<void>;
  #began = Number.NEGATIVE_INFINITY;
  #next: Promise<void> | undefined;

  constructor(clock: AgentClock, work: () => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  /** Resolves after a run that began after this call. @throws what the work throws */
  readonly soon = (): Promise<void> => {
    this.#next ??= this.#later();
    return this.#next;
  };

  async #later(): Promise<void> {
    const left = this.#began + SPACE - this.#clock.monotonic();
    await (left > 0 ? this.#clock.sleep(left) : Promise.resolve());
    this.#began = this.#clock.monotonic();
    this.#next = undefined;
    await this.#work();
  }
}
