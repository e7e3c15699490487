import type { Seconds } from '../../time.ts';
import { ForecasterStateError, StateReader, StateWriter } from '../state.ts';
import { Closings } from './closings.ts';
import type { Shown } from './effect.ts';
import { Effects, type Thought } from './effects.ts';
import type { ShardEvent } from './events.ts';
import type { Occurrence } from './schedule.ts';

/** Rises with every change of what {@link Learned.state} writes. */
const VERSION = 1;

/**
 * All that was learned of a shard's events. It is put away by itself, with a version of its own: a forecaster that is fed
 * from history again sees some weeks of it, and last year's occurrence lies before them.
 *
 * Invariant: an occurrence counts once, however often its loads are fed.
 */
export class Learned {
  readonly #effects = new Effects();
  readonly #closings = new Closings();
  /** What was over by then is known already, and so is what was measured in closings. */
  #until: Seconds = Number.NEGATIVE_INFINITY;

  effect(cause: string, event: ShardEvent): Thought {
    return this.#effects.of(cause, event);
  }

  closed(cause: string): readonly number[] {
    return this.#closings.quantiles(cause);
  }

  /** Takes in what an occurrence that is over has shown. */
  learn(cause: string, event: ShardEvent, { end }: Occurrence, shown: Shown): void {
    if (end > this.#until) this.#effects.learn(cause, event, shown);
  }

  /** Takes in a load while closed. */
  observeClosed(cause: string, time: Seconds, load: number): void {
    if (time > this.#until) this.#closings.observe(cause, load);
  }

  /** All up to here was taken in. */
  upTo(time: Seconds): void {
    this.#until = Math.max(this.#until, time);
  }

  state(): Uint8Array {
    const out = new StateWriter();
    out.numbers(VERSION, this.#until);
    this.#effects.save(out);
    this.#closings.save(out);
    return out.bytes();
  }

  /** From what {@link state} made. @throws {ForecasterStateError} when it is of another version, or damaged */
  static from(state: Uint8Array): Learned {
    const learned = new Learned();
    const from = new StateReader(state);
    const [version, until] = from.numbers(2) as [number, number];
    if (version !== VERSION)
      throw new ForecasterStateError(`what events did: expected version ${VERSION}, got ${version}`);
    if (Number.isNaN(until) || until === Number.POSITIVE_INFINITY)
      throw new ForecasterStateError(`what events did: expected epoch seconds up to which, got ${until}`);
    learned.#until = until;
    learned.#effects.load(from);
    learned.#closings.load(from);
    from.end();
    return learned;
  }
}
