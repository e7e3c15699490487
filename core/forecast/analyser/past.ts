import { DAY, HOUR, MINUTE, type Seconds, WEEK } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';

/** Most values that one mean reads; a longer one is read from a coarser ring. */
const MOST_READ = 14;
/**
 * How long before the newest point an origin may be looked up again, and find its season whole: the season's four weeks
 * finely, its eight by the hour. What a restored forecaster looks up is then what the one before it had at hand.
 */
const REACH = 2 * DAY + 4 * HOUR;
/** At fine steps no more than a day's seasons are at hand. */
const FINE_REACH = DAY + 4 * HOUR;
/** There, so long are single points kept, so many at most: the sharp edges of the last days' seasons. */
const FINELY = 4 * DAY + 4 * HOUR;
const MOST_FINE = 6000;

/** Means of `width` points each: a ring, and the one that is not full yet. */
interface Ring {
  readonly width: number;
  readonly means: Float32Array;
  sum: number;
  count: number;
}

/**
 * What one shard's load was, as finely as forecasts need it: points for four days, five minutes for four weeks, hours
 * for eight, and a little more. Points are counted from the first; memory is bounded.
 *
 * Every look back says what it may know: `until` is the newest index that enters it.
 */
export class Past {
  readonly step: Seconds;
  /** Points in a day and in a week. */
  readonly day: number;
  readonly week: number;
  /** Points back from the newest that are kept one by one, where older ones are not kept by five minutes at least. */
  readonly finely: number;
  readonly #rings: readonly Ring[];
  #count = 0;

  /** @param step seconds between points */
  constructor(step: Seconds) {
    this.step = step;
    this.day = Math.max(1, Math.round(DAY / step));
    this.week = 7 * this.day;
    const widths = [1];
    if (step < 5 * MINUTE) widths.push(Math.round((5 * MINUTE) / step));
    const finely = Math.max(REACH, Math.min(FINELY, MOST_FINE * step));
    const finest = widths.at(-1)!;
    const hour = Math.floor(HOUR / step / finest) * finest;
    if (hour > finest) widths.push(hour);
    this.#rings = widths.map((width, i) => {
      const coarser = widths.length - 1 - i;
      const span =
        coarser === 0 ? 8 * WEEK + REACH : coarser === 2 ? finely : 4 * WEEK + (i === 0 ? REACH : FINE_REACH);
      const means = new Float32Array(Math.ceil(span / step / width) + 2);
      return { width, means, sum: 0, count: 0 };
    });
    this.finely = widths.length === 3 ? this.#rings[0]!.means.length - 2 : Number.POSITIVE_INFINITY;
  }

  /** Index of the newest point; -1 before there is one. */
  get newest(): number {
    return this.#count - 1;
  }

  push(load: number): void {
    for (const ring of this.#rings) {
      ring.sum += load;
      ring.count += 1;
      ring.means[Math.floor(this.#count / ring.width) % ring.means.length] = ring.sum / ring.count;
      if ((this.#count + 1) % ring.width === 0) {
        ring.sum = 0;
        ring.count = 0;
      }
    }
    this.#count += 1;
  }

  /** One point, or the mean of the few around it when it is long ago; `NaN` when it is not known. */
  at(index: number, until: number): number {
    const { means } = this.#rings[0]!;
    if (index >= 0 && index <= until && index > this.#count - means.length)
      return means[index % means.length]!;
    return this.mean(index, index, until);
  }

  /**
   * Mean of the points `from` to `to`, as far as they are known at `until`; `NaN` where none is.
   * @param finest what it may be read from: 0 = single points, 1 = not from those. @default 0
   */
  mean(from: number, to: number, until: number, finest: 0 | 1 = 0): number {
    const last = Math.min(to, until);
    const first = Math.max(0, from);
    if (last < first) return Number.NaN;
    const rings = this.#rings;
    for (let i = finest; i < rings.length; i++) {
      const ring = rings[i]!;
      const coarsest = i === rings.length - 1;
      const oldest = Math.floor((this.#count - 1) / ring.width) - ring.means.length + 2;
      if (!coarsest && (first < oldest * ring.width || last - first + 1 > MOST_READ * ring.width)) continue;
      return this.#meanOf(ring, Math.max(oldest, Math.floor(first / ring.width)), last, until);
    }
    return Number.NaN;
  }

  save(out: StateWriter): void {
    out.numbers(this.#count);
    for (const { means, sum, count, width } of this.#rings) {
      out.numbers(sum, count);
      out.array(means.subarray(0, Math.min(means.length, Math.ceil(this.#count / width))));
    }
  }

  load(from: StateReader): void {
    this.#count = from.count('points');
    for (const ring of this.#rings) {
      [ring.sum, ring.count] = from.numbers(2) as [number, number];
      from.fill(ring.means.subarray(0, Math.min(ring.means.length, Math.ceil(this.#count / ring.width))));
    }
  }

  #meanOf({ width, means }: Ring, from: number, last: number, until: number): number {
    let first = from;
    let end = Math.floor(last / width);
    // A mean that reaches beyond what may be known is left out, or where it is the only one, the one before it serves.
    if ((end + 1) * width - 1 > until) {
      end -= 1;
      first = Math.min(first, end);
    }
    if (first < 0 || end < first) return Number.NaN;
    // Of very many, every so-manieth tells as much.
    const apart = Math.ceil((end - first + 1) / (2 * MOST_READ));
    let sum = 0;
    let count = 0;
    for (let i = first; i <= end; i += apart) {
      sum += means[i % means.length]!;
      count += 1;
    }
    return sum / count;
  }
}
