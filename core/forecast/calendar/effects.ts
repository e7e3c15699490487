import type { StateReader, StateWriter } from '../state.ts';
import { type Belief, Effect, PARTS, type Shown } from './effect.ts';
import type { ShardEvent } from './events.ts';

/** Before anything was seen somebody's factor is about right, and without one it may be anything (variance). */
const [GIVEN_VARIANCE, UNKNOWN_VARIANCE] = [0.0625, 0.25];
/** How a holiday differs from the others of its place (variance). */
const KIND_VARIANCE = 0.04;
/** How far a forecast is widened (standard deviation of the log) for a factor given but never seen, per log of it. */
const GIVEN_DOUBT = 0.2;
const UNKNOWN_DOUBT = 0.1;
const MOST_DOUBT = 0.25;
/** Effects that are kept, of events that are not in the calendar any more too: they come again under their name. */
const MOST_EFFECTS = 64;

/** What is thought of an event, and how much forecasts of its next occurrence are widened for what is not known. */
export interface Thought {
  readonly belief: Belief;
  /** Standard deviation of the log of its factor. */
  readonly doubt: number;
}

/** What the occurrences of all events of one shard did, by the events' names. */
export class Effects {
  readonly #effects = new Map<string, Effect>();
  readonly #thoughts = new Map<string, Thought>();

  /** @param cause the event's name, with what it is */
  of(cause: string, event: ShardEvent): Thought {
    const key = event.factor === undefined ? cause : `${cause} ${event.factor}`;
    let thought = this.#thoughts.get(key);
    if (thought === undefined) {
      thought = this.#think(cause, event);
      this.#thoughts.set(key, thought);
    }
    return thought;
  }

  learn(cause: string, event: ShardEvent, shown: Shown): void {
    this.#effect(cause).learn(shown, this.#prior(event));
    if (event.shared !== undefined)
      this.#effect(sharedCause(event.shared)).learn(shown, flat(0, UNKNOWN_VARIANCE));
    this.#thoughts.clear();
  }

  save(out: StateWriter): void {
    out.numbers(this.#effects.size);
    for (const [cause, effect] of this.#effects) {
      out.text(cause);
      effect.save(out);
    }
  }

  load(from: StateReader): void {
    this.#thoughts.clear();
    for (let n = from.count('effects'); n > 0; n--) {
      const cause = from.text();
      this.#effects.set(cause, new Effect().load(from));
    }
  }

  /** The effect of that name, as the one learned last. */
  #effect(cause: string): Effect {
    const effect = this.#effects.get(cause) ?? new Effect();
    this.#effects.delete(cause);
    this.#effects.set(cause, effect);
    if (this.#effects.size > MOST_EFFECTS) this.#effects.delete(this.#effects.keys().next().value!);
    return effect;
  }

  #think(cause: string, event: ShardEvent): Thought {
    const { factor, shared, learns, often } = event;
    if (!learns) return { belief: flat(Math.log(factor ?? 1), 0), doubt: 0 };
    const prior = this.#prior(event);
    const own = this.#effects.get(cause);
    const belief = own?.believe(prior) ?? prior;
    // The forecaster inside has seen many of them, and knows by how much they differ.
    if (often) return { belief, doubt: 0 };
    const like = shared === undefined ? undefined : this.#effects.get(sharedCause(shared));
    if (own !== undefined || like !== undefined)
      return { belief, doubt: Math.min(MOST_DOUBT, Math.sqrt(belief.variance)) };
    const doubt = factor === undefined ? UNKNOWN_DOUBT : GIVEN_DOUBT * Math.abs(Math.log(factor));
    return { belief, doubt: Math.min(MOST_DOUBT, doubt) };
  }

  /** What is thought of an event before it was seen itself. */
  #prior({ factor, shared }: ShardEvent): Belief {
    if (factor !== undefined) return flat(Math.log(factor), GIVEN_VARIANCE);
    const like = shared === undefined ? undefined : this.#effects.get(sharedCause(shared));
    const unknown = flat(0, UNKNOWN_VARIANCE);
    if (like === undefined) return unknown;
    const belief = like.believe(unknown);
    return { ...belief, variance: belief.variance + KIND_VARIANCE };
  }
}

const sharedCause = (place: string) => `holidays ${place}`;

function flat(log: number, variance: number): Belief {
  return { all: log, parts: new Float64Array(PARTS).fill(log), variance };
}
