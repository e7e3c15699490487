import { LEVELS } from './forecast.ts';
import type { StateReader, StateWriter } from './state.ts';

/**
 * How wrong the forecasts of one horizon were lately, turned into quantiles.
 *
 * Each error is divided by the scale that was expected when its forecast was made (a fast and a slow mean square,
 * so that calm and busy hours differ); the shape is the distribution of the newest of these, counted in bins. Quantile = centre + scale × shape.
 */
const RING = 8192;
const ENOUGH = 400;
const RESHAPE_EVERY = 60;
const FAST = 0.06;
const SLOW = 0.002;
const FAST_SHARE = 0.8;
/** No forecast is surer than this share of the level. */
const FLOOR_SHARE = 0.002;
/** An error counts as at most so many times its scale: after long calm, or no load at all, the scale says nothing. */
const MOST_SCALES = 50;

/** Logistic quantiles of unit-ish scale, until there are errors of one's own. */
const PRIOR = LEVELS.map((p) => 0.6 * Math.log(p / (1 - p)));

/** Bins are even in asinh(FINE × scaled error): fine around zero, coarse far out, all of ±MOST_SCALES covered. */
const FINE = 8;
const BINS = 1024;
const REACH = Math.asinh(FINE * MOST_SCALES);
const BIN_WIDTH = (2 * REACH) / BINS;

export class Errors {
  private readonly ring = new Uint16Array(RING);
  private readonly counts = new Uint16Array(BINS);
  private count = 0;
  private fast = 0;
  private slow = 0;
  private shape: readonly number[] = PRIOR;

  /** Expected size of the next error, in load units, for a forecast of this level. */
  scale(level: number): number {
    const mixed = this.fast > 0 ? this.fast * (this.slow / this.fast) ** (1 - FAST_SHARE) : 0;
    return Math.sqrt(Math.max(0.05 * this.slow, mixed)) + FLOOR_SHARE * level + 1e-9;
  }

  /** Takes in one error and the scale that was expected of it. */
  add(error: number, expected: number): void {
    const square = error * error;
    const slow = Math.max(SLOW, 1 / (this.count + 1));
    this.fast += Math.max(FAST, slow) * (square - this.fast);
    this.slow += slow * (square - this.slow);
    const at = this.count % RING;
    if (this.count >= RING) this.counts[this.ring[at]!]! -= 1;
    const bin = Math.floor((Math.asinh((FINE * error) / expected) + REACH) / BIN_WIDTH);
    this.ring[at] = Math.max(0, Math.min(BINS - 1, bin));
    this.counts[this.ring[at]!]! += 1;
    this.count += 1;
    if (this.count === ENOUGH || (this.count > ENOUGH && this.count % RESHAPE_EVERY === 0)) this.reshape();
  }

  /** Quantiles at {@link LEVELS} around a centre, cut at zero. */
  around(centre: number, scale: number): number[] {
    // A plain array: a small typed one costs an allocation outside the heap.
    const quantiles: number[] = [];
    for (const shape of this.shape) quantiles.push(Math.max(0, centre + scale * shape));
    return quantiles;
  }

  save(out: StateWriter): void {
    out.numbers(this.count, this.fast, this.slow, ...this.shape);
    out.array(this.ring.subarray(0, Math.min(this.count, RING)));
  }

  load(from: StateReader): void {
    this.count = from.count('errors');
    [this.fast, this.slow] = from.numbers(2) as [number, number];
    this.shape = from.numbers(LEVELS.length);
    this.counts.fill(0);
    for (const bin of from.fill(this.ring.subarray(0, Math.min(this.count, RING)))) this.counts[bin]! += 1;
  }

  /** Reads the quantiles off the bins, straight lines within each. */
  private reshape(): void {
    const total = Math.min(this.count, RING);
    const shape: number[] = [];
    let bin = 0;
    let below = 0;
    for (const level of LEVELS) {
      const wanted = level * total;
      while (bin < BINS - 1 && below + this.counts[bin]! < wanted) below += this.counts[bin++]!;
      const within = this.counts[bin]! > 0 ? (wanted - below) / this.counts[bin]! : 0;
      shape.push(Math.sinh((bin + within) * BIN_WIDTH - REACH) / FINE);
    }
    this.shape = shape;
  }
}
