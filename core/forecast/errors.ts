import { LEVELS } from './forecast.ts';

/**
 * How wrong the forecasts of one horizon were lately, turned into quantiles.
 *
 * Each error is divided by the scale that was expected when its forecast was made (a fast and a slow mean square,
 * so that calm and busy hours differ); the shape is the sorted ring of these. Quantile = centre + scale × shape.
 */
const RING = 8192;
const ENOUGH = 400;
const RESORT_EVERY = 1440;
const FAST = 0.06;
const SLOW = 0.002;
const FAST_SHARE = 0.8;
/** No forecast is surer than this share of the level. */
const FLOOR_SHARE = 0.002;
/** An error counts as at most so many times its scale: after long calm, or no load at all, the scale says nothing. */
const MOST_SCALES = 50;

/** Logistic quantiles of unit-ish scale, until there are errors of one's own. */
const PRIOR = LEVELS.map((p) => 0.6 * Math.log(p / (1 - p)));

export class Errors {
  private readonly ring = new Float32Array(RING);
  private count = 0;
  private fast = 0;
  private slow = 0;
  private shape: readonly number[] = PRIOR;

  /** Expected size of the next error, in load units, for a forecast of this level. */
  scale(level: number): number {
    return (
      Math.sqrt(Math.max(0.05 * this.slow, this.fast ** FAST_SHARE * this.slow ** (1 - FAST_SHARE))) +
      FLOOR_SHARE * level +
      1e-9
    );
  }

  /** Takes in one error and the scale that was expected of it. */
  add(error: number, expected: number): void {
    const square = error * error;
    const slow = Math.max(SLOW, 1 / (this.count + 1));
    this.fast += Math.max(FAST, slow) * (square - this.fast);
    this.slow += slow * (square - this.slow);
    this.ring[this.count % RING] = Math.max(-MOST_SCALES, Math.min(MOST_SCALES, error / expected));
    this.count += 1;
    if (this.count === ENOUGH || this.count % RESORT_EVERY === 0) this.sort();
  }

  /** Quantiles at {@link LEVELS} around a centre, cut at zero. */
  around(centre: number, scale: number): Float64Array {
    const quantiles = new Float64Array(LEVELS.length);
    for (let i = 0; i < quantiles.length; i++) quantiles[i] = Math.max(0, centre + scale * this.shape[i]!);
    return quantiles;
  }

  private sort(): void {
    const sorted = this.ring.slice(0, Math.min(this.count, RING)).sort();
    this.shape = LEVELS.map((level) => {
      const at = level * sorted.length - 0.5;
      const low = Math.max(0, Math.min(sorted.length - 1, Math.floor(at)));
      const high = Math.min(sorted.length - 1, low + 1);
      return sorted[low]! + (sorted[high]! - sorted[low]!) * Math.max(0, at - low);
    });
  }
}
