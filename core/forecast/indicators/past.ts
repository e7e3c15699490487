import type { StateReader, StateWriter } from '../state.ts';

/** What the newest day counts in what is usual at a time of day. */
const SHARE = 0.3;
/** Days over which the size of differences is taken. */
const SIZE_DAYS = 7;
/** A difference counts for at most so many usual ones: a broken value must not be usual for days. */
const MOST = 8;
/** Mean absolute value to standard deviation, for a normal distribution. */
const TO_DEVIATION = 1.2533;

/**
 * How a series on a grid differs lately from what is usual at the time of day, in bins of several slots. `NaN` is not
 * known: a missing value, or the first day. Single precision throughout, so that what is put away is what was there.
 */
export class BinnedPast {
  readonly #width: number;
  /** By bin of the day: a mean of earlier days. */
  readonly #usual: Float32Array;
  /** Differences of the newest whole bins from what was usual before them. */
  readonly #beyond: Float32Array;
  /** What was usual in the newest whole bin. */
  #usualThen = Number.NaN;
  /** The newest slots one by one. */
  readonly #newest: Float32Array;
  /** Slots taken in so far. */
  #count = 0;
  /** Differences so far, and their mean size. */
  #differences = 0;
  #size = 0;

  /**
   * @param width slots per bin
   * @param day bins per day
   * @param kept bins of which the difference is kept
   */
  constructor(width: number, day: number, kept: number) {
    this.#width = width;
    this.#usual = new Float32Array(day).fill(Number.NaN);
    this.#beyond = new Float32Array(kept).fill(Number.NaN);
    this.#newest = new Float32Array(width).fill(Number.NaN);
  }

  /** Takes the next slot in. @returns whether that filled a bin */
  push(value: number): boolean {
    this.#newest[this.#count % this.#width] = value;
    this.#count += 1;
    if (this.#count % this.#width !== 0) return false;
    const slot = this.#last % this.#usual.length;
    const [usual, mean] = [this.#usual[slot]!, this.#mean()];
    this.#usualThen = usual;
    const beyond = this.#clipped(mean - usual);
    this.#beyond[this.#last % this.#beyond.length] = beyond;
    if (Number.isNaN(usual)) this.#usual[slot] = mean;
    if (Number.isNaN(beyond)) return true;
    this.#usual[slot]! += SHARE * beyond;
    this.#differences += 1;
    const share = Math.max(1 / this.#differences, 1 / (SIZE_DAYS * this.#usual.length));
    this.#size += share * (Math.abs(beyond) - this.#size);
    return true;
  }

  /** The bin, counted from the first, that a slot lies in: so many slots before the newest, after it where negative. */
  binAt(back: number): number {
    return Math.floor((this.#count - 1 - back) / this.#width);
  }

  /** How large differences are, as a standard deviation; 0 while there is none. */
  get spread(): number {
    return this.#size * TO_DEVIATION;
  }

  /** Difference of a whole bin from what is usual, counted back from the newest one. */
  bin(back: number): number {
    const at = this.#last - back;
    return at < 0 || back >= this.#beyond.length ? Number.NaN : this.#beyond[at % this.#beyond.length]!;
  }

  /** The same over as many slots as a bin has, up to `back` slots before the newest: straight lines between whole bins. */
  trailing(back: number): number {
    const last = this.#last;
    const now = this.#count / this.#width - 1;
    const at = Math.min(now, now - back / this.#width);
    const lower = Math.floor(at);
    if (lower < last) return between(this.bin(last - lower), this.bin(last - lower - 1), at - lower);
    if (now === last) return this.bin(0);
    return between(this.bin(0), this.#beyondNow(now - last), (at - last) / (now - last));
  }

  /**
   * What is usual at the time of day of a bin, counted from the first, as it was known in the one `until`; `NaN` where it
   * is not known, or is not kept so long.
   */
  usualAt(bin: number, until: number): number {
    const day = this.#usual.length;
    let usual = this.#usual[mod(bin, day)]!;
    for (let at = this.#last - mod(this.#last - bin, day); at > until; at -= day)
      usual -= SHARE * this.bin(this.#last - at);
    return usual;
  }

  save(out: StateWriter): void {
    out.numbers(this.#count, this.#usualThen, this.#differences, this.#size);
    for (const values of [this.#usual, this.#beyond, this.#newest]) out.array(values);
  }

  load(from: StateReader): void {
    this.#count = from.count('slots');
    [this.#usualThen, this.#differences, this.#size] = from.numbers(3) as [number, number, number];
    for (const values of [this.#usual, this.#beyond, this.#newest]) from.fill(values);
  }

  /** The newest whole bin; -1 before there is one. */
  get #last(): number {
    return this.binAt(-1) - 1;
  }

  /** @param into how far the bin has come that is not whole yet */
  #beyondNow(into: number): number {
    const next = this.#usual[(this.#last + 1) % this.#usual.length]!;
    return this.#clipped(this.#mean() - between(this.#usualThen, next, into));
  }

  #clipped(difference: number): number {
    const most = this.#size === 0 ? Number.POSITIVE_INFINITY : MOST * this.spread;
    return Math.max(-most, Math.min(most, difference));
  }

  #mean(): number {
    let [sum, known] = [0, 0];
    for (const value of this.#newest) {
      if (Number.isNaN(value)) continue;
      sum += value;
      known += 1;
    }
    return sum / known;
  }
}

const mod = (value: number, period: number) => ((value % period) + period) % period;

function between(lower: number, upper: number, share: number): number {
  return share === 0 ? lower : lower + share * (upper - lower);
}
