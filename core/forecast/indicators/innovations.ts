import type { StateReader, StateWriter } from '../state.ts';

/** Mean absolute value to standard deviation, for a normal distribution. */
const TO_DEVIATION = 1.2533;
const MOST_CARRIED = 0.98;
/** Surprises count for at most so many deviations, so that one broken value is one among many. */
const MOST = 3;
const MOST_WHILE_LEARNING = 6;

/**
 * What is new in a series from one value to the next: its difference from what is usual at the time of day, less what
 * carries over of the difference before, in deviations. Two series that only share a season, or that both wander, have little
 * in common here; one that echoes the other does.
 */
export class Innovations {
  readonly #memory: number;
  #count = 0;
  #before = Number.NaN;
  /** Means of: the squared difference, its product with the one before, its size, the size of what is new. */
  #square = 0;
  #product = 0;
  #difference = 0;
  #surprise = 0;

  /** @param memory values over which the means are taken */
  constructor(memory: number) {
    this.#memory = memory;
  }

  /** What is new in the next difference, in [-3, 3]; `NaN` where it or the one before is not known. */
  next(difference: number): number {
    const before = this.#before;
    this.#before = difference;
    if (Number.isNaN(difference) || Number.isNaN(before)) return Number.NaN;
    this.#count += 1;
    const share = Math.max(1 / this.#count, 1 / this.#memory);
    const clipped = clip(difference, this.#difference);
    const clippedBefore = clip(before, this.#difference);
    this.#square += share * (clipped * clipped - this.#square);
    this.#product += share * (clipped * clippedBefore - this.#product);
    this.#difference += share * (Math.abs(clipped) - this.#difference);
    const carried = this.#square > 0 ? Math.min(MOST_CARRIED, Math.max(0, this.#product / this.#square)) : 0;
    const fresh = difference - carried * before;
    this.#surprise += share * (Math.abs(clip(fresh, this.#surprise)) - this.#surprise);
    if (this.#surprise === 0) return 0;
    return Math.max(-MOST, Math.min(MOST, fresh / (this.#surprise * TO_DEVIATION)));
  }

  save(out: StateWriter): void {
    out.numbers(this.#count, this.#before, this.#square, this.#product, this.#difference, this.#surprise);
  }

  load(from: StateReader): void {
    this.#count = from.count('values');
    [this.#before, this.#square, this.#product, this.#difference, this.#surprise] = from.numbers(5) as [
      number,
      number,
      number,
      number,
      number,
    ];
  }
}

/** A value cut to a few of its usual sizes; uncut while these are not known. */
function clip(value: number, usual: number): number {
  if (usual === 0) return value;
  const most = MOST_WHILE_LEARNING * TO_DEVIATION * usual;
  return Math.max(-most, Math.min(most, value));
}
