import { checkFinite, type StateReader, type StateWriter } from '../state.ts';

/** Parts of an event's course, from its start to its end, each with an effect of its own. */
export const PARTS = 12;

/** What is thought of an event: logs of the factors over its course, and how far the whole may be off (variance). */
export interface Belief {
  readonly all: number;
  readonly parts: Float64Array;
  readonly variance: number;
}

/** One thing that was seen: the log of a factor, and how far it may be off (variance). */
export interface Evidence {
  readonly log: number;
  readonly variance: number;
}

/** What one occurrence showed; undefined for a part of which nothing is known. */
export interface Shown {
  readonly all: Evidence;
  readonly parts: readonly (Evidence | undefined)[];
}

/** How parts differ from the whole, before they were seen. */
const PART_VARIANCE = 0.09;
const [LEAST_BETWEEN, FIRST_BETWEEN] = [0.0025, 0.0225];
const BETWEEN_MEMORY = 0.3;
/** What an occurrence still counts when the next one is there. */
const MEMORY = 0.8;
/** One that is so unlike the others (variance) says nothing more by being more so. */
const MOST_SURPRISE = 1;

/** What earlier occurrences of one event did to the load: evidence, to which whatever is expected of it is added. */
export class Effect {
  /** Means of what was seen and their weights (one over the variance): of the parts and, last, of the whole. */
  readonly #logs = new Float64Array(PARTS + 1);
  readonly #weights = new Float64Array(PARTS + 1);
  #between = FIRST_BETWEEN;
  #seen = 0;

  /** Occurrences. */
  get seen(): number {
    return this.#seen;
  }

  /** What is to be thought of the next occurrence. @param prior what would be thought without this */
  believe(prior: Belief): Belief {
    const whole = this.#combine(PARTS, prior.all, prior.variance);
    const parts = prior.parts.map(
      (log, part) => this.#combine(part, log + whole.log - prior.all, PART_VARIANCE).log,
    );
    return { all: whole.log, parts, variance: whole.variance + this.#between };
  }

  /** @param prior what would be thought of the event without this, or all that was seen of it */
  learn({ all, parts }: Shown, prior: Belief): void {
    // How the first differs from what was only supposed says nothing of how it differs from the next.
    if (this.#seen > 0) {
      const thought = this.#combine(PARTS, prior.all, prior.variance);
      const surprise = (all.log - thought.log) ** 2 - thought.variance - all.variance;
      const between = Math.max(0, Math.min(MOST_SURPRISE, surprise));
      this.#between = Math.max(LEAST_BETWEEN, this.#between + BETWEEN_MEMORY * (between - this.#between));
    }
    for (const [at, one] of [...parts, all].entries()) if (one !== undefined) this.#take(at, one);
    this.#seen += 1;
  }

  save(out: StateWriter): void {
    out.array(this.#logs);
    out.array(this.#weights);
    out.numbers(this.#between, this.#seen);
  }

  load(from: StateReader): this {
    from.fill(this.#logs);
    from.fill(this.#weights);
    [this.#between, this.#seen] = from.numbers(2) as [number, number];
    checkFinite('what an event did', [...this.#logs, ...this.#weights, this.#between, this.#seen]);
    return this;
  }

  #take(at: number, { log, variance }: Evidence): void {
    const weight = 1 / (variance + this.#between);
    const all = MEMORY * this.#weights[at]! + weight;
    this.#weights[at] = all;
    this.#logs[at]! += (weight / all) * (log - this.#logs[at]!);
  }

  #combine(at: number, log: number, variance: number): Evidence {
    const [own, seen] = [1 / variance, this.#weights[at]!];
    return { log: (own * log + seen * this.#logs[at]!) / (own + seen), variance: 1 / (own + seen) };
  }
}
