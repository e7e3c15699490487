import { LEVELS } from '../forecast.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { LEVEL_COUNT } from './quantiles.ts';

/** Bins are even in asinh(FINE × error): fine around zero, coarse far out. */
const BINS = 96;
const FINE = 4;
/** An error counts as at most so many times its scale: after long calm the scale says nothing. */
const MOST_SCALES = 60;
const REACH = Math.asinh(FINE * MOST_SCALES);
const WIDTH = (2 * REACH) / BINS;
/** Errors that it remembers, about. */
const MEMORY = 3000;
const READ_EVERY = 20;
/** A logistic distribution of this spread, as if it had been seen so often. */
const PRIOR_SPREAD = 0.6;
const PRIOR_COUNT = 30;

const errorAt = (bin: number) => Math.sinh(bin * WIDTH - REACH) / FINE;
const logistic = (error: number) => 1 / (1 + Math.exp(-error / PRIOR_SPREAD));
const PRIOR = Float32Array.from(
  { length: BINS },
  (_, bin) => PRIOR_COUNT * (logistic(errorAt(bin + 1)) - logistic(errorAt(bin))),
);
const PRIOR_QUANTILES = LEVELS.map((level) => PRIOR_SPREAD * Math.log(level / (1 - level)));

/** How errors, in units of their expected size, were distributed lately: what turns a forecast into quantiles. */
export class Shape {
  readonly #counts = Float32Array.from(PRIOR);
  readonly #quantiles = Float32Array.from(PRIOR_QUANTILES);
  #since = 0;

  /** Quantiles at `LEVELS` of a scaled error. */
  get quantiles(): ArrayLike<number> {
    return this.#quantiles;
  }

  /** @param error over its expected size */
  add(error: number): void {
    const bin = Math.floor((Math.asinh(FINE * error) + REACH) / WIDTH);
    const counts = this.#counts;
    counts[Math.max(0, Math.min(BINS - 1, bin))]! += 1;
    this.#since += 1;
    if (this.#since < READ_EVERY) return;
    this.#since = 0;
    const keep = 1 - READ_EVERY / MEMORY;
    for (let i = 0; i < BINS; i++) counts[i]! *= keep;
    this.#read();
  }

  save(out: StateWriter): void {
    out.numbers(this.#since);
    out.array(this.#counts);
    out.array(this.#quantiles);
  }

  load(from: StateReader): void {
    [this.#since] = from.numbers(1) as [number];
    from.fill(this.#counts);
    from.fill(this.#quantiles);
  }

  #read(): void {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    let bin = 0;
    let below = 0;
    for (let i = 0; i < LEVEL_COUNT; i++) {
      const wanted = LEVELS[i]! * total;
      while (bin < BINS - 1 && below + this.#counts[bin]! < wanted) below += this.#counts[bin++]!;
      const within = this.#counts[bin]! > 0 ? Math.min(1, (wanted - below) / this.#counts[bin]!) : 0;
      this.#quantiles[i] = errorAt(bin + within);
    }
  }
}
