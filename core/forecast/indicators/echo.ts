import type { StateReader, StateWriter } from '../state.ts';

/** By how much one series leads another. */
export interface Lead {
  /** Places by which it leads; between whole ones where the echo is spread over two. */
  readonly lag: number;
  /** Correlation of what is new in both at that lag, in [-1, 1]. */
  readonly correlation: number;
  /** How many deviations of chance that is. */
  readonly deviations: number;
}

/**
 * Fewer pairs prove nothing. Of series that are still most of the time and then burst, few pairs say anything at all: two
 * bursts that meet by chance would look like an echo. So pairs are divided by how peaked both are (3 is normal).
 */
const ENOUGH = 20;
/** Median of the size of a standard normal variable. */
const MEDIAN_SIZE = 0.6745;

/**
 * Finds the echo of one series in another: the correlation of what is new in them at every lag, kept up to date value
 * by value and forgotten slowly.
 *
 * Lags below zero are looked at too: a series that follows, or moves together with the other, has its best one there
 * and leads nothing, though its correlation at the lags above may be large.
 */
export class Echo {
  readonly #memory: number;
  readonly #behind: number;
  /** Means of the products at lags `-behind … ahead`. */
  readonly #means: Float32Array;
  readonly #led: Float32Array;
  readonly #leading: Float32Array;
  #count = 0;
  #at = 0;
  /** Means of the second and the fourth power of both. */
  #ledSquare = 0;
  #ledFourth = 0;
  #leadingSquare = 0;
  #leadingFourth = 0;

  /**
   * @param ahead longest lag that is looked for
   * @param behind lags below zero that are looked at
   * @param memory pairs over which correlations are taken
   */
  constructor(ahead: number, behind: number, memory: number) {
    this.#memory = memory;
    this.#behind = behind;
    this.#means = new Float32Array(behind + ahead + 1);
    this.#led = new Float32Array(behind + 1).fill(Number.NaN);
    this.#leading = new Float32Array(ahead + 1).fill(Number.NaN);
  }

  /** What is new in the series that may be led, and in the one that may lead; `NaN` is not known. */
  push(led: number, leading: number): void {
    const [ledRing, leadingRing, means, behind] = [this.#led, this.#leading, this.#means, this.#behind];
    this.#at += 1;
    ledRing[this.#at % ledRing.length] = led;
    leadingRing[this.#at % leadingRing.length] = leading;
    if (Number.isNaN(led) && Number.isNaN(leading)) return;
    this.#count += 1;
    const share = Math.max(1 / this.#count, 1 / this.#memory);
    if (!Number.isNaN(led)) {
      this.#ledSquare += share * (led ** 2 - this.#ledSquare);
      this.#ledFourth += share * (led ** 4 - this.#ledFourth);
      for (let lag = 0; lag < leadingRing.length && lag < this.#at; lag++) {
        const other = leadingRing[(this.#at - lag) % leadingRing.length]!;
        if (!Number.isNaN(other)) means[behind + lag]! += share * (led * other - means[behind + lag]!);
      }
    }
    if (Number.isNaN(leading)) return;
    this.#leadingSquare += share * (leading ** 2 - this.#leadingSquare);
    this.#leadingFourth += share * (leading ** 4 - this.#leadingFourth);
    for (let lag = 1; lag <= behind && lag < this.#at; lag++) {
      const other = ledRing[(this.#at - lag) % ledRing.length]!;
      if (!Number.isNaN(other)) means[behind - lag]! += share * (leading * other - means[behind - lag]!);
    }
  }

  /** The lag at which the two have most in common; undefined where that is none at which the one leads. */
  lead(): Lead | undefined {
    const unit = Math.sqrt(this.#ledSquare * this.#leadingSquare);
    if (unit === 0) return undefined;
    const count = Math.min(this.#count, this.#memory);
    const peaked = (this.#ledFourth * this.#leadingFourth) / unit ** 4;
    if (count < ENOUGH * peaked) return undefined;
    const sizes = Array.from(this.#means, (mean) => Math.abs(mean / unit));
    const best = sizes.indexOf(Math.max(...sizes));
    if (best <= this.#behind) return undefined;
    const middle = sizes.toSorted((a, b) => a - b)[sizes.length >> 1]!;
    // Where all lags have something in common, as where both wander, no single one stands out.
    const chance = Math.max(middle / MEDIAN_SIZE, 1 / Math.sqrt(count));
    const correlation = this.#means[best]! / unit;
    return {
      lag: this.#centre(best, 2 * chance * unit) - this.#behind,
      correlation,
      deviations: sizes[best]! / chance,
    };
  }

  /** The best lag and its neighbours, by what they have above chance. */
  #centre(best: number, chance: number): number {
    const sign = Math.sign(this.#means[best]!);
    let [sum, weights] = [0, 0];
    for (let lag = best - 1; lag <= best + 1; lag++) {
      const weight = Math.max(0, sign * (this.#means[lag] ?? 0) - chance);
      sum += weight * lag;
      weights += weight;
    }
    return weights > 0 ? sum / weights : best;
  }

  save(out: StateWriter): void {
    out.numbers(this.#count, this.#at, this.#ledSquare, this.#ledFourth);
    out.numbers(this.#leadingSquare, this.#leadingFourth);
    for (const values of [this.#means, this.#led, this.#leading]) out.array(values);
  }

  load(from: StateReader): void {
    this.#count = from.count('pairs');
    this.#at = from.count('places');
    [this.#ledSquare, this.#ledFourth] = from.numbers(2) as [number, number];
    [this.#leadingSquare, this.#leadingFourth] = from.numbers(2) as [number, number];
    for (const values of [this.#means, this.#led, this.#leading]) from.fill(values);
  }
}
