import type { StateReader, StateWriter } from '../state.ts';

/** Days that are remembered: 53 weeks, so that the same weekday of last year is among them. */
const DAYS = 371;
const WEEK = 7;
/** To the same weekday of last year; the same date is a day more (two in a leap year, which is left out). */
const YEAR = 364;
/** Keys that are remembered. */
const ROOM = 32;
const MOST = 255;

interface Season {
  /** Per day modulo {@link DAYS}: the root of the highest sustained share of the shard, 255 for 1. */
  readonly shares: Uint8Array;
  /** The last day on which it was large. */
  last: number;
}

/** Which keys were large on which days of the last year, after they have gone from everywhere else. */
export class Seasons {
  readonly #keys = new Map<string, Season>();
  #first: number | undefined;
  #today: number | undefined;

  /**
   * @param day days since the epoch: the last one that has begun, or the one before
   * @param share of the shard's load on that day so far, at its highest
   * @param large share from which on a key is worth remembering
   */
  note(day: number, key: string, share: number, large: number): void {
    let season = this.#keys.get(key);
    if (season === undefined) {
      if (share < large) return;
      this.#forgetOne();
      season = { shares: new Uint8Array(DAYS), last: day };
      this.#keys.set(key, season);
    }
    if (share >= large) season.last = Math.max(season.last, day);
    const at = day % DAYS;
    season.shares[at] = Math.max(season.shares[at]!, Math.round(MOST * Math.sqrt(Math.min(1, share))));
  }

  /** A day begins; what its place held is more than a year old. */
  begin(day: number): void {
    this.#first ??= day;
    const from = this.#today === undefined ? day : Math.max(this.#today + 1, day - DAYS + 1);
    for (const [key, season] of this.#keys) {
      for (let one = from; one <= day; one++) season.shares[one % DAYS] = 0;
      if (day - season.last >= DAYS) this.#keys.delete(key);
    }
    this.#today = day;
  }

  /** Keys that are remembered. */
  keys(): IterableIterator<string> {
    return this.#keys.keys();
  }

  /**
   * Share of the shard that a key is expected to have on a day to come, because it had it then before: a week and two
   * weeks ago; or last year, on the same weekday or on the same date. 0: nothing says so.
   */
  expected(day: number, key: string): number {
    const season = this.#keys.get(key);
    if (season === undefined || this.#first === undefined) return 0;
    const first = this.#first;
    const then = (ago: number) =>
      day - ago < first || ago >= DAYS ? Number.NaN : (season.shares[(day - ago) % DAYS]! / MOST) ** 2;
    const weekly = Math.min(then(WEEK), then(2 * WEEK));
    const yearly = Math.max(known(then(YEAR)), known(then(YEAR + 1)));
    return Math.max(known(weekly), yearly);
  }

  save(out: StateWriter): void {
    out.numbers(this.#first ?? Number.NaN, this.#today ?? Number.NaN, this.#keys.size);
    for (const [key, { shares, last }] of this.#keys) {
      out.text(key);
      out.numbers(last);
      out.array(Uint16Array.from(shares));
    }
  }

  load(from: StateReader): void {
    const [first, today] = from.numbers(2) as [number, number];
    this.#first = Number.isNaN(first) ? undefined : first;
    this.#today = Number.isNaN(today) ? undefined : today;
    this.#keys.clear();
    for (let left = from.count('remembered keys'); left > 0; left--) {
      const key = from.text();
      const [last] = from.numbers(1) as [number];
      this.#keys.set(key, { last, shares: Uint8Array.from(from.fill(new Uint16Array(DAYS))) });
    }
  }

  /** Makes room: the key that was large the longest ago goes, the first by name of equal ones. */
  #forgetOne(): void {
    if (this.#keys.size < ROOM) return;
    let oldest = '';
    let at = Number.POSITIVE_INFINITY;
    for (const [key, { last }] of this.#keys)
      if (last < at || (last === at && key < oldest)) [oldest, at] = [key, last];
    this.#keys.delete(oldest);
  }
}

const known = (value: number) => (Number.isNaN(value) ? 0 : value);
