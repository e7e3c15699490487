import { civilFromDays, daysFromCivil, daysInMonth } from '../../settings/stamp.ts';
import { DAY, type Seconds, WEEK } from '../../time.ts';
import { fromLocal, type Offset } from './zone.ts';

/** How often an event comes again. */
export type Repeat = 'never' | 'daily' | 'weekly' | 'monthly' | 'yearly';

/** One time that an event is on: from `start` up to and without `end`. */
export interface Occurrence {
  readonly name: string;
  readonly start: Seconds;
  readonly end: Seconds;
}

/** When something is on. */
export interface Schedule {
  /** The occurrence that is on at a time. */
  at(time: Seconds): Occurrence | undefined;
}

/** What was found last: the same answer from `from` up to `to`. Times are asked for one after the other. */
interface Found {
  readonly from: Seconds;
  readonly to: Seconds;
  readonly occurrence: Occurrence | undefined;
}

const NOTHING: Found = { from: 0, to: 0, occurrence: undefined };

/**
 * An event that comes again at the same local time: every day, every week, on the same day of each month (its last day
 * where the month has no such day) or on the same date of each year. Its length too is one of local time.
 */
export class Recurring implements Schedule {
  readonly #name: string;
  readonly #repeat: Repeat;
  readonly #offset: Offset;
  /** Local times of the first occurrence. */
  readonly #start: Seconds;
  readonly #length: Seconds;
  #found = NOTHING;

  constructor(first: Occurrence, repeat: Repeat, offset: Offset) {
    this.#name = first.name;
    this.#repeat = repeat;
    this.#offset = offset;
    this.#start = first.start + offset(first.start);
    this.#length = first.end + offset(first.end) - this.#start;
  }

  at(time: Seconds): Occurrence | undefined {
    if (!(time >= this.#found.from && time < this.#found.to)) this.#found = this.#find(time);
    const { occurrence } = this.#found;
    return occurrence !== undefined && time < occurrence.end ? occurrence : undefined;
  }

  #find(time: Seconds): Found {
    if (!Number.isFinite(time)) return NOTHING;
    let n = this.#guess(time);
    while (n >= 0 && this.#startOf(n) > time) n -= 1;
    while (n < 0 ? this.#startOf(0) <= time : this.#repeat !== 'never' && this.#startOf(n + 1) <= time)
      n += 1;
    if (n < 0) return { from: Number.NEGATIVE_INFINITY, to: this.#startOf(0), occurrence: undefined };
    const start = this.#startOf(n);
    const end = fromLocal(this.#localStart(n) + this.#length, this.#offset);
    const to = this.#repeat === 'never' ? Number.POSITIVE_INFINITY : this.#startOf(n + 1);
    return { from: start, to, occurrence: { name: this.#name, start, end } };
  }

  /** Number of the occurrence that began last, give or take one. */
  #guess(time: Seconds): number {
    const local = time + this.#offset(time);
    if (local < this.#start) return -1;
    if (this.#repeat === 'never') return 0;
    if (this.#repeat === 'daily') return Math.floor((local - this.#start) / DAY);
    if (this.#repeat === 'weekly') return Math.floor((local - this.#start) / WEEK);
    const [first, now] = [this.#start, local].map((at) => civilFromDays(Math.floor(at / DAY)));
    const years = now!.year - first!.year;
    return this.#repeat === 'yearly' ? years : 12 * years + now!.month - first!.month;
  }

  #startOf(n: number): Seconds {
    return fromLocal(this.#localStart(n), this.#offset);
  }

  #localStart(n: number): Seconds {
    switch (this.#repeat) {
      case 'never':
        return this.#start;
      case 'daily':
        return this.#start + n * DAY;
      case 'weekly':
        return this.#start + n * WEEK;
      default:
        return monthsLater(this.#start, this.#repeat === 'yearly' ? 12 * n : n);
    }
  }
}

function monthsLater(local: Seconds, months: number): Seconds {
  const days = Math.floor(local / DAY);
  const { year, month, day } = civilFromDays(days);
  const later = 12 * year + month - 1 + months;
  const [thatYear, thatMonth] = [Math.floor(later / 12), (later % 12) + 1];
  const date = daysFromCivil(thatYear, thatMonth, Math.min(day, daysInMonth(thatYear, thatMonth)));
  return date * DAY + local - days * DAY;
}

/** Occurrences that are listed one by one, such as a country's public holidays. Of two at a time the later begun is on. */
export class Listed implements Schedule {
  readonly #list: readonly Occurrence[];
  #found = NOTHING;

  constructor(list: readonly Occurrence[]) {
    this.#list = [...list].sort((a, b) => a.start - b.start || a.end - b.end);
  }

  at(time: Seconds): Occurrence | undefined {
    if (!(time >= this.#found.from && time < this.#found.to)) this.#found = this.#find(time);
    return this.#found.occurrence;
  }

  #find(time: Seconds): Found {
    const on = this.#list.findLast(({ start, end }) => start <= time && time < end);
    let [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const { start, end } of this.#list) {
      for (const edge of [start, end]) {
        if (edge <= time) from = Math.max(from, edge);
        else to = Math.min(to, edge);
      }
    }
    return { from, to, occurrence: on };
  }
}
