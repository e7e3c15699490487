import type { StateReader, StateWriter } from '../state.ts';

/** Scored so often, one has a record, and a say. */
export const RECORD = 10;

/** Mean losses of several that are compared, each as far as it had something to say. */
export class Losses {
  readonly #means: Float32Array;
  readonly #counts: Int32Array;
  readonly #width: number;
  readonly #memory: number;

  /**
   * @param memory forecasts that a mean loss remembers, about
   * @param width losses of each, e.g. one per level
   */
  constructor(count: number, memory: number, width = 1) {
    this.#means = new Float32Array(count * width);
    this.#counts = new Int32Array(count);
    this.#width = width;
    this.#memory = memory;
  }

  /** How often it was scored. */
  count(one: number): number {
    return this.#counts[one]!;
  }

  /** Its loss is about to be told, part by part. Returns the weight of each. */
  begin(one: number): number {
    this.#counts[one]! += 1;
    return Math.max(1 / this.#memory, 1 / this.#counts[one]!);
  }

  /** It has nothing to say any more: what it was worth keeps no other from a say. */
  forget(one: number): void {
    this.#counts[one] = 0;
  }

  tell(one: number, weight: number, loss: number, part = 0): void {
    const at = one * this.#width + part;
    this.#means[at]! += weight * (loss - this.#means[at]!);
  }

  mean(one: number, part = 0): number {
    return this.#means[one * this.#width + part]!;
  }

  save(out: StateWriter): void {
    out.array(this.#means);
    out.array(this.#counts);
  }

  load(from: StateReader): void {
    from.fill(this.#means);
    from.fill(this.#counts);
  }
}

/** Share of the best that one of this loss has in a mix: the eighth power of how much worse it is. */
export function share(best: number, loss: number): number {
  const ratio = (best + Number.MIN_VALUE) / (loss + Number.MIN_VALUE);
  const square = ratio * ratio;
  return square * square * square * square;
}
