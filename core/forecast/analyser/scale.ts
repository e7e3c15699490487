import type { StateReader, StateWriter } from '../state.ts';

const FAST = 0.3;
const SLOW = 0.004;
/** Of the fast one in the mix of both. */
const FAST_SHARE = 0.8;
/** The mix is never below this share of the slow one. */
const LEAST = 0.05;
/** No forecast is surer than this share of its level. */
const FLOOR = 0.002;
/** One error counts as at most so many times the mean square, once there were some. */
const MOST_SQUARES = 400;
const SOME = 20;
/** Until there are errors, they are expected to be this share of the level; weighs like so many. */
const PRIOR_SHARE = 0.15;
const PRIOR_COUNT = 5;
const TINY = 1e-9;

/** Expected size of the next error: a fast and a slow mean square, so that calm and busy hours differ. */
export class Scale {
  #fast = 0;
  #slow = 0;
  #count = 0;

  add(error: number): void {
    const square = error * error;
    this.#count += 1;
    const slow = Math.max(SLOW, 1 / this.#count);
    const most = this.#count <= SOME ? Number.POSITIVE_INFINITY : MOST_SQUARES * this.#slow;
    this.#fast += Math.max(FAST, slow) * (square - this.#fast);
    this.#slow += slow * (Math.min(square, most) - this.#slow);
  }

  /** Busy hours are told from calm ones. @param level of the forecast @param spread of the newest loads around their mean */
  quick(level: number, spread: number): number {
    const mixed = this.#fast > 0 ? this.#fast * (this.#slow / this.#fast) ** (1 - FAST_SHARE) : 0;
    return this.#of(Math.max(LEAST * this.#slow, mixed), level, spread);
  }

  /** As errors were over days. */
  steady(level: number, spread: number): number {
    return this.#of(this.#slow, level, spread);
  }

  save(out: StateWriter): void {
    out.numbers(this.#fast, this.#slow, this.#count);
  }

  load(from: StateReader): void {
    [this.#fast, this.#slow, this.#count] = from.numbers(3) as [number, number, number];
  }

  #of(square: number, level: number, spread: number): number {
    let size = Math.sqrt(square);
    if (this.#count < SOME) {
      const prior = PRIOR_SHARE * level + spread;
      size = Math.sqrt((this.#count * square + PRIOR_COUNT * prior ** 2) / (this.#count + PRIOR_COUNT));
    }
    return size + FLOOR * level + TINY;
  }
}
