import { DAY, MINUTE, type Seconds, WEEK } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';
import type { Offset } from './zone.ts';

const SLOT: Seconds = 30 * MINUTE;
const PER_DAY = DAY / SLOT;
const PER_WEEK = WEEK / SLOT;
/** The week of 1970-01-01 began on a Thursday. */
const MONDAY: Seconds = 4 * DAY;
/** Share of the newest week, once several were seen. */
const WEEKLY_MEMORY = 0.3;
const DAILY_MEMORY = 0.15;
/** Share of the newest half hour in the level: half a day counts. */
const LEVEL_MEMORY = 0.04;
const NOISE_MEMORY = 0.01;
const [LEAST_NOISE, MOST_NOISE, FIRST_NOISE] = [0.0025, 4, 0.09];
/** An error counts at most as one of e² = 7 times. */
const MOST_ERROR = 2;

/**
 * What load there would be at a time without any event: the usual load of that half hour of the week (of the day,
 * where that half hour of the week was never seen) times how the last half day compares with its own.
 *
 * Invariant: fed only with loads of times at which nothing was on; never with what an event did.
 */
export class Usual {
  readonly #offset: Offset;
  readonly #weekly = new Float64Array(PER_WEEK);
  readonly #seen = new Uint16Array(PER_WEEK);
  readonly #daily = new Float64Array(PER_DAY);
  readonly #seenDaily = new Uint16Array(PER_DAY);
  /** Faded sums of what was, and of what was usual then. */
  #was = 0;
  #usual = 0;
  #mean = 0;
  #noise = FIRST_NOISE;
  #visits = 0;
  /** The half hour that is being measured: its number since 1970 in local time, and its points so far. */
  #slot = Number.NaN;
  #sum = 0;
  #points = 0;

  constructor(offset: Offset) {
    this.#offset = offset;
  }

  /** Takes in a load of a time at which nothing was on. */
  observe(time: Seconds, load: number): void {
    const slot = this.#slotOf(time);
    if (slot !== this.#slot) {
      this.#close();
      this.#slot = slot;
    }
    this.#sum += load;
    this.#points += 1;
  }

  /** Load that is usual at a time, at the level of the last half day; `NaN` where nothing is known of it. */
  at(time: Seconds): number {
    return this.#season(this.#slotOf(time)) * this.#level();
  }

  /** Variance of the log of a half hour's load over what {@link at} says of it. */
  get noise(): number {
    return this.#noise;
  }

  /** So little load that ratios of less say nothing. */
  get little(): number {
    return 0.02 * this.#mean;
  }

  /** Log of how many times the expected load there was; small loads, below what says anything, count as equal. */
  logRatio(load: number, expected: number, most: number): number {
    if (load + expected === 0) return 0;
    const log = Math.log((load + this.little) / (expected + this.little));
    return Math.max(-most, Math.min(most, log));
  }

  #slotOf(time: Seconds): number {
    return Math.floor((time + this.#offset(time) - MONDAY) / SLOT);
  }

  #season(slot: number): number {
    const weekly = modulo(slot, PER_WEEK);
    if (this.#seen[weekly]! > 0) return this.#weekly[weekly]!;
    const daily = modulo(slot, PER_DAY);
    return this.#seenDaily[daily]! > 0 ? this.#daily[daily]! : Number.NaN;
  }

  #level(): number {
    return this.#usual > 0 ? Math.max(0.2, Math.min(5, this.#was / this.#usual)) : 1;
  }

  /** The half hour is over: what it was goes into season, level and noise. */
  #close(): void {
    if (this.#points === 0) return;
    const load = this.#sum / this.#points;
    const season = this.#season(this.#slot);
    if (!Number.isNaN(season)) {
      const error = this.logRatio(load, season * this.#level(), MOST_ERROR);
      this.#visits += 1;
      this.#noise += Math.max(NOISE_MEMORY, 1 / (this.#visits + 1)) * (error ** 2 - this.#noise);
      this.#noise = Math.max(LEAST_NOISE, Math.min(MOST_NOISE, this.#noise));
      this.#was += LEVEL_MEMORY * (load - this.#was);
      this.#usual += LEVEL_MEMORY * (season - this.#usual);
    }
    this.#mean += Math.max(NOISE_MEMORY, 1 / (this.#visits + 1)) * (load - this.#mean);
    learn(this.#weekly, this.#seen, modulo(this.#slot, PER_WEEK), load, WEEKLY_MEMORY);
    learn(this.#daily, this.#seenDaily, modulo(this.#slot, PER_DAY), load, DAILY_MEMORY);
    this.#sum = 0;
    this.#points = 0;
  }

  save(out: StateWriter): void {
    out.array(this.#weekly);
    out.array(this.#seen);
    out.array(this.#daily);
    out.array(this.#seenDaily);
    out.numbers(this.#was, this.#usual, this.#mean, this.#noise, this.#visits);
    out.numbers(this.#slot, this.#sum, this.#points);
  }

  load(from: StateReader): void {
    from.fill(this.#weekly);
    from.fill(this.#seen);
    from.fill(this.#daily);
    from.fill(this.#seenDaily);
    [this.#was, this.#usual, this.#mean, this.#noise, this.#visits] = from.numbers(5) as Five;
    [this.#slot, this.#sum, this.#points] = from.numbers(3) as [number, number, number];
  }
}

type Five = [number, number, number, number, number];

function learn(values: Float64Array, seen: Uint16Array, at: number, load: number, memory: number): void {
  const count = Math.min(60_000, seen[at]! + 1);
  seen[at] = count;
  values[at]! += Math.max(memory, 1 / count) * (load - values[at]!);
}

const modulo = (value: number, by: number) => ((value % by) + by) % by;
