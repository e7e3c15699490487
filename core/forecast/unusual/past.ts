import { DAY, HOUR, type Seconds, WEEK } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { LONG, type Usual } from './judge.ts';

/** Extremes are forgotten by half in so long. */
const HALF: Seconds = 2 * WEEK;
/** In so long, extremes of late come half of the way (of their ratio) to where the load is. */
const OF_LATE: Seconds = HOUR / 2;
/** Shares are of so long. */
const MEMORY: Seconds = WEEK;
/** Before that nothing is "always" or "never": so long, and so many points. */
const ENOUGH: Seconds = DAY;
const ENOUGH_POINTS = 24;

/** What a shard's load was like, in a dozen numbers. */
export class Past {
  private points = 0;
  private first = 0;
  private newest = 0;
  private last = -1;
  private most = 0;
  private least = Number.POSITIVE_INFINITY;
  private mostOfLate = 0;
  private leastOfLate = Number.POSITIVE_INFINITY;
  private zeros = 0;
  private lastZero = Number.NEGATIVE_INFINITY;
  private zeroFrom = 0;
  private repeats = 0;
  private longestRun = 0;
  private run = 0;

  get isEnough(): boolean {
    return this.points >= ENOUGH_POINTS && this.newest - this.first >= ENOUGH;
  }

  /** As it would be with this load next, itself left out of the extremes. */
  with(load: number): Usual {
    const { most, least, mostOfLate, zeros, zeroFrom, repeats, longestRun } = this;
    const leastOfLate = this.newest - this.lastZero < OF_LATE ? 0 : this.leastOfLate;
    const run = load === this.last ? this.run + 1 : 1;
    return { most, least, mostOfLate, leastOfLate, zeros, zeroFrom, repeats, longestRun, run };
  }

  /** A load that is believed. */
  take(time: Seconds, load: number): void {
    if (this.points === 0) this.first = this.newest = time;
    const passed = time - this.newest;
    this.points += 1;
    this.newest = time;
    const forget = 2 ** (-passed / HALF);
    const share = 1 - 2 ** (-passed / OF_LATE);
    this.most = Math.max(load, this.most * forget);
    const some = load > 0 ? load : Number.POSITIVE_INFINITY;
    this.least = Math.min(some, this.least / forget);
    this.zeroFrom *= forget;
    if (load > 0) {
      this.mostOfLate = Math.max(load, towards(this.mostOfLate, load, share));
      this.leastOfLate = Math.min(load, towards(this.leastOfLate, load, share));
    } else {
      this.mostOfLate *= 1 - share;
      if (this.last > 0) this.zeroFrom = Math.max(this.zeroFrom, this.leastOfLate);
      this.lastZero = time;
    }
    const weight = Math.max(1 / this.points, 1 - Math.exp(-passed / MEMORY));
    this.zeros += weight * ((load === 0 ? 1 : 0) - this.zeros);
    this.repeats += weight * ((load === this.last ? 1 : 0) - this.repeats);
    this.longestRun *= forget;
    this.repeat(load);
    // So long a run gets here only if it is believed, and then it goes on.
    if (this.run >= LONG) this.longestRun = Math.max(this.longestRun, this.run);
  }

  /** A load that is withheld: whether it repeats is seen all the same. */
  repeat(load: number): void {
    if (load === this.last) this.run += 1;
    else {
      if (this.last > 0) this.longestRun = Math.max(this.longestRun, this.run);
      this.run = 1;
      this.last = load;
    }
  }

  save(out: StateWriter): void {
    out.numbers(this.points, this.first, this.newest, this.last, this.most, this.least);
    const { mostOfLate, leastOfLate, zeros, repeats, longestRun, run } = this;
    out.numbers(mostOfLate, leastOfLate, zeros, repeats, longestRun, run);
    out.numbers(this.lastZero, this.zeroFrom);
  }

  load(from: StateReader): void {
    [this.points, this.first, this.newest, this.last, this.most, this.least] = from.numbers(6) as Six;
    [this.mostOfLate, this.leastOfLate, this.zeros] = from.numbers(3) as Three;
    [this.repeats, this.longestRun, this.run] = from.numbers(3) as Three;
    [this.lastZero, this.zeroFrom] = from.numbers(2) as [number, number];
  }
}

/** A share of the way from one load to another, as a ratio; from none or an infinite one all of it. */
function towards(from: number, to: number, share: number): number {
  return from > 0 && Number.isFinite(from) ? from * (to / from) ** share : to;
}

type Three = [number, number, number];
type Six = [...Three, ...Three];
