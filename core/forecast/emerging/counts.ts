import { HOUR, type Seconds } from '../../time.ts';
import type { StateReader, StateWriter } from '../state.ts';
import { Frequent } from './frequent.ts';

/** What was counted of a shard's keys in a span of time. */
export interface KeyCounts {
  readonly from: Seconds;
  /** Exclusive; within the same hour as `from`. */
  readonly to: Seconds;
  /** All requests of the shard in it, those without a key included. */
  readonly total: number;
  /** Requests per key; rare ones may be left out. */
  readonly counts: Iterable<readonly [key: string, count: number]>;
}

/** One hour, counted. Loads are requests per second. */
export interface CountedHour {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly total: number;
  readonly loads: ReadonlyMap<string, number>;
}

/** Keys that are counted within an hour. */
const ROOM = 256;
const MOST = 1e15;

/** Adds up the spans of an hour, in bounded memory. */
export class HourOfCounts {
  readonly #of: string;
  readonly #keys = new Frequent(ROOM);
  #hour: number | undefined;
  #seconds = 0;
  #total = 0;
  #until: Seconds | undefined;

  /** @param of the shard, for messages */
  constructor(of: string) {
    this.#of = of;
  }

  /** End of the newest span. */
  get until(): Seconds | undefined {
    return this.#until;
  }

  /**
   * @returns hours that are over by that: one that was left unfinished before, and this one where the span ends it
   * @throws {RangeError} for a span that overlaps the one before or crosses an hour, or a count that is none.
   */
  add({ from, to, total, counts }: KeyCounts): CountedHour[] {
    const hour = Math.floor(from / HOUR);
    this.#expect(from >= (this.#until ?? 0), 'begin', `${this.#until ?? 0} or later`, from);
    this.#expect(
      to > from && to <= (hour + 1) * HOUR,
      'end',
      `after ${from}, up to ${(hour + 1) * HOUR}`,
      to,
    );
    const given = [...counts];
    for (const [key, count] of [['all', total] as const, ...given])
      this.#expect(count >= 0 && count <= MOST, `count of ${key}`, `a number from 0 to ${MOST}`, count);
    const over = this.#hour !== undefined && hour > this.#hour ? [this.#close()] : [];
    this.#hour = hour;
    this.#until = to;
    this.#seconds += to - from;
    for (const [key, count] of given) this.#keys.add(key, count);
    this.#total += Math.max(
      total,
      given.reduce((sum, [, count]) => sum + count, 0),
    );
    return to === (hour + 1) * HOUR ? [...over, this.#close()] : over;
  }

  save(out: StateWriter): void {
    const entries = [...this.#keys.entries()];
    out.numbers(
      this.#hour ?? Number.NaN,
      this.#until ?? Number.NaN,
      this.#seconds,
      this.#total,
      entries.length,
    );
    for (const [key, { count, over }] of entries) {
      out.text(key);
      out.numbers(count, over);
    }
  }

  load(from: StateReader): void {
    const [hour, until, seconds, total] = from.numbers(4) as [number, number, number, number];
    this.#hour = Number.isNaN(hour) ? undefined : hour;
    this.#until = Number.isNaN(until) ? undefined : until;
    this.#seconds = seconds;
    this.#total = total;
    for (let left = from.count('counted keys'); left > 0; left--) {
      const key = from.text();
      const [count, over] = from.numbers(2) as [number, number];
      this.#keys.restore(key, { count, over });
    }
  }

  #close(): CountedHour {
    const seconds = this.#seconds;
    const loads = new Map([...this.#keys.certain()].map(([key, count]) => [key, count / seconds]));
    const counted = { hour: this.#hour!, total: this.#total / seconds, loads };
    this.#keys.clear();
    this.#seconds = this.#total = 0;
    this.#hour = undefined;
    return counted;
  }

  #expect(holds: boolean, what: string, expected: string, got: number): void {
    if (!holds) throw new RangeError(`${what} of keys of ${this.#of}: expected ${expected}, got ${got}`);
  }
}
