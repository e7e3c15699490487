import { DAY, HOUR, type Seconds, WEEK } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';
import type { Usual } from './judge.ts';

/** Extremes are forgotten by half in so long. */
const HALF: Seconds = 2 * WEEK;
const HALF_OF_LATE: Seconds = HOUR;
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
  private longestRun = 0;
  private run = 0;

  get isEnough(): boolean {
    return this.points >= ENOUGH_POINTS && this.newest - this.first >= ENOUGH;
  }

  /** As it would be with this load next, itself left out of the extremes. */
  with(load: number): Usual {
    const { most, least, mostOfLate, leastOfLate, zeros, longestRun } = this;
    const run = load === this.last ? this.run + 1 : 1;
    return { most, least, mostOfLate, leastOfLate, zeros, longestRun, run };
  }

  /** A load that is believed. */
  take(time: Seconds, load: number): void {
    if (this.points === 0) this.first = this.newest = time;
    const passed = time - this.newest;
    this.points += 1;
    this.newest = time;
    const forget = 2 ** (-passed / HALF);
    const forgetOfLate = 2 ** (-passed / HALF_OF_LATE);
    this.most = Math.max(load, this.most * forget);
    this.mostOfLate = Math.max(load, this.mostOfLate * forgetOfLate);
    const some = load > 0 ? load : Number.POSITIVE_INFINITY;
    this.least = Math.min(some, this.least / forget);
    // A zero of late is a low of late.
    this.leastOfLate = Math.min(load, this.leastOfLate / forgetOfLate);
    const weight = Math.max(1 / this.points, 1 - Math.exp(-passed / MEMORY));
    this.zeros += weight * ((load === 0 ? 1 : 0) - this.zeros);
    this.repeat(load);
    this.longestRun = Math.max(load > 0 ? this.run : 0, this.longestRun * forget);
  }

  /** A load that is withheld: whether it repeats is seen all the same. */
  repeat(load: number): void {
    this.run = load === this.last ? this.run + 1 : 1;
    this.last = load;
  }

  save(out: StateWriter): void {
    out.numbers(this.points, this.first, this.newest, this.last, this.most, this.least);
    out.numbers(this.mostOfLate, this.leastOfLate, this.zeros, this.longestRun, this.run);
  }

  load(from: StateReader): void {
    [this.points, this.first, this.newest, this.last, this.most, this.least] = from.numbers(6) as Six;
    [this.mostOfLate, this.leastOfLate, this.zeros, this.longestRun, this.run] = from.numbers(5) as Five;
  }
}

type Five = [number, number, number, number, number];
type Six = [number, ...Five];
