import { DAY, MINUTE, type Seconds } from '../../time.ts';
import type { Past } from './past.ts';

/** Weights of earlier days and weeks, the newest first. */
const DAYS = [1, 0.85, 0.72, 0.61, 0.52, 0.44, 0.38];
const WEEKS = [1, 0.8, 0.64, 0.51, 0.41, 0.33, 0.26, 0.21];
const ONE = [1];
/** Half the width over which a season is smoothed: what comes at every full hour may last five minutes. */
const HALF: Seconds = 150;
/** What older points are means of. */
const FINE: Seconds = 5 * MINUTE;

/** What the seasons say of one time; `NaN` where they do not reach back so far. */
export interface Season {
  /** Mean of the same time on earlier days, newer ones weigh more. */
  readonly day: number;
  /** The same time on the last day. */
  readonly lastDay: number;
  /** That very point, not smoothed. */
  readonly sharp: number;
  /** Mean of the same time in earlier weeks. */
  readonly week: number;
}

/** Seconds east of UTC, in steps: where clocks change, the same time of day lies an hour off. */
export type Shift = (index: number, earlier: number) => number;

export const NO_SHIFT: Shift = () => 0;

/** Looks up what was at the same time of earlier days and weeks. */
export class Seasons {
  readonly #past: Past;
  readonly #shift: Shift;
  readonly #half: number;
  /** So many points after a time are known before its season holds. */
  readonly #around: number;
  /** Points back to which a season is read from single points; whoever asks again, so much later, reads the same. */
  readonly #finely: number;
  /** Of a day in whole points: 1 where the step divides a day. */
  readonly #exact: number;
  /** Seasons looked up before, by index: each is asked for once per lead, and is the same seen from all of the last day. */
  readonly #known: (Season | undefined)[];
  readonly #indices: Int32Array;

  /** @param farthest points ahead that are asked for */
  constructor(past: Past, farthest: number, shift: Shift = NO_SHIFT) {
    this.#past = past;
    const slots = Math.min(past.day, farthest) + 2;
    this.#known = new Array<Season | undefined>(slots).fill(undefined);
    this.#indices = new Int32Array(slots).fill(-1);
    this.#shift = shift;
    this.#exact = DAY / past.step / past.day;
    this.#half = Math.floor(HALF / past.step);
    this.#around = this.#half > 0 ? this.#half + Math.ceil(FINE / past.step) : 0;
    this.#finely = past.finely - farthest;
  }

  /** Of the time `index`, seen from `until`. */
  at(index: number, until: number): Season {
    const slot = index % this.#known.length;
    if (this.#indices[slot] === index) return this.#known[slot]!;
    const season = this.#look(index, until);
    // What is so far ahead that its day before, and the coarse means around it, are not all known yet is looked up anew.
    const { day } = this.#past;
    if (index - day + this.#around + Math.abs(this.#shift(index, index - day)) <= until) {
      this.#known[slot] = season;
      this.#indices[slot] = index;
    }
    return season;
  }

  /** {@link Season.day} alone, smoothed over `half` points to both sides. */
  dayAt(index: number, until: number, half: number): number {
    return this.#mean(index, until, this.#past.day, DAYS, half);
  }

  /** The past is another one: nothing that was looked up holds. */
  forget(): void {
    this.#indices.fill(-1);
  }

  #look(index: number, until: number): Season {
    const { day, week } = this.#past;
    return {
      day: this.#mean(index, until, day, DAYS),
      lastDay: this.#mean(index, until, day, ONE),
      sharp: this.#past.at(this.earlier(index, until, day, 0), until),
      week: this.#mean(index, until, week, WEEKS),
    };
  }

  /** Index of the same time `nth` periods before the newest that is known at `until` (0 = that one). May be negative. */
  earlier(index: number, until: number, period: number, nth: number): number {
    const exact = period * this.#exact;
    return this.before(index, (this.#back(index, until, exact) + nth) * exact);
  }

  /** By how many points clocks show more at `index` than at an earlier one. */
  since(earlier: number, index: number): number {
    return index - earlier + this.#shift(index, earlier);
  }

  /** Index at which clocks showed so many points less than at another. */
  before(index: number, points: number): number {
    const at = index - Math.round(points);
    return at + this.#shift(index, at);
  }

  /** Periods before `index` of the newest same time that is known. */
  #back(index: number, until: number, exact: number): number {
    let back = Math.max(1, Math.floor((index - until) / exact));
    // Where clocks changed in between, the same time lies an hour later or earlier, and may not be known yet.
    while (this.before(index, back * exact) > until) back += 1;
    return back;
  }

  #mean(index: number, until: number, period: number, weights: readonly number[], half = this.#half): number {
    const exact = period * this.#exact;
    const back = this.#back(index, until, exact);
    let sum = 0;
    let total = 0;
    for (let n = 0; n < weights.length; n++) {
      const at = this.before(index, (back + n) * exact);
      if (at < 0) break;
      const mean = this.#past.mean(at - half, at + half, until, index - at + half > this.#finely ? 1 : 0);
      if (Number.isNaN(mean)) break;
      sum += weights[n]! * mean;
      total += weights[n]!;
    }
    return total > 0 ? sum / total : Number.NaN;
  }
}
