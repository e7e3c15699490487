import type { StateReader, StateWriter } from '../state.ts';
import { FEATURES } from './features.ts';

/** Moments that it remembers, about. */
const MEMORY = 2000;
/** Weighs like so many moments for every weight being 0. */
const PRIOR = 20;
/** Moments between two solutions. */
const SOLVE_EVERY = 4;
/** Fewer say nothing. */
const ENOUGH = 20;
/** An error counts in full up to so many times its scale. */
const ROBUST = 3;
/** New moments weigh more than the memory says while there are few. */
const WARM = 50;
const TINY = 1e-12;

const PACKED = (FEATURES * (FEATURES + 1)) / 2;
const at = (row: number, column: number) => (row * (row + 1)) / 2 + column;
const factor = new Float64Array(PACKED);

/**
 * Linear regression of a change of load on {@link features}, ridge-regularised, robust, with forgetting. It keeps the
 * normal equations and solves them every few moments; nothing is refitted from the past.
 */
export class Ridge {
  readonly #products = new Float32Array(PACKED);
  readonly #cross = new Float32Array(FEATURES);
  readonly #weights = new Float32Array(FEATURES);
  /** Moments, and what is left of them after forgetting. */
  #seen = 0;
  #count = 0;
  #since = 0;

  get ready(): boolean {
    return this.#count > ENOUGH;
  }

  /** Change of load that is expected. */
  change(features: ArrayLike<number>): number {
    let sum = 0;
    for (let i = 0; i < FEATURES; i++) sum += this.#weights[i]! * features[i]!;
    return sum;
  }

  /** What the last features (those of leading indicators) add to it. */
  part(features: ArrayLike<number>, from: number): number {
    let sum = 0;
    for (let i = from; i < FEATURES; i++) sum += this.#weights[i]! * features[i]!;
    return sum;
  }

  /** @param scale expected size of its error */
  learn(features: ArrayLike<number>, change: number, scale: number): void {
    const error = Math.abs(change - this.change(features));
    const trust = this.ready ? Math.min(1, (ROBUST * scale) / (error + TINY)) : 1;
    const weight = trust / scale ** 2;
    this.#seen += 1;
    const keep = 1 - 1 / Math.min(MEMORY, this.#seen + WARM);
    this.#count = this.#count * keep + 1;
    let k = 0;
    for (let i = 0; i < FEATURES; i++) {
      const weighted = weight * features[i]!;
      for (let j = 0; j <= i; j++, k++)
        this.#products[k] = keep * this.#products[k]! + weighted * features[j]!;
      this.#cross[i] = keep * this.#cross[i]! + weighted * change;
    }
    this.#since += 1;
    if (this.#since < SOLVE_EVERY) return;
    this.#since = 0;
    this.#solve();
  }

  save(out: StateWriter): void {
    out.numbers(this.#seen, this.#count, this.#since);
    for (const values of [this.#products, this.#cross, this.#weights]) out.array(values);
  }

  load(from: StateReader): void {
    [this.#seen, this.#count, this.#since] = from.numbers(3) as [number, number, number];
    for (const values of [this.#products, this.#cross, this.#weights]) from.fill(values);
  }

  /** By Cholesky factors; the penalty of each weight is a share of its own feature's square. */
  #solve(): void {
    const penalty = 1 + PRIOR / this.#count;
    const solution = this.#weights;
    for (let i = 0; i < FEATURES; i++)
      for (let j = 0; j <= i; j++) {
        let sum = this.#products[at(i, j)]! * (i === j ? penalty : 1);
        for (let k = 0; k < j; k++) sum -= factor[at(i, k)]! * factor[at(j, k)]!;
        // A feature that was always 0, or is another one's double, gets no weight.
        if (i !== j) factor[at(i, j)] = factor[at(j, j)]! > 0 ? sum / factor[at(j, j)]! : 0;
        else factor[at(i, i)] = sum > 1e-7 * this.#products[at(i, i)]! ? Math.sqrt(sum) : 0;
      }
    for (let i = 0; i < FEATURES; i++) {
      let sum = this.#cross[i]!;
      for (let k = 0; k < i; k++) sum -= factor[at(i, k)]! * solution[k]!;
      solution[i] = factor[at(i, i)]! > 0 ? sum / factor[at(i, i)]! : 0;
    }
    for (let i = FEATURES - 1; i >= 0; i--) {
      let sum = solution[i]!;
      for (let k = i + 1; k < FEATURES; k++) sum -= factor[at(k, i)]! * solution[k]!;
      solution[i] = factor[at(i, i)]! > 0 ? sum / factor[at(i, i)]! : 0;
    }
  }
}
