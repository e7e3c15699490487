import type { StateReader, StateWriter } from '../state.ts';
import type { Past } from './past.ts';
import { ALIKE, alike, repeatOf } from './periodicity.ts';

/** Periods that are looked for in values of one width. */
export interface BandOptions {
  /** Points of which one value is the mean. */
  readonly width: number;
  /** Shortest and longest period, in values. */
  readonly from: number;
  readonly to: number;
  /** Values that are looked at, at most. */
  readonly most: number;
  /** Whether values are taken as differences to the day before: what is left is no season of the day. */
  readonly daily: boolean;
}

/** Values between two looks; fewer while there are few. */
const EVERY = 160;
const EVERY_FIRST = 60;
/** Looks in a row that miss one before it is gone. */
const MISSES = 3;
const MULTIPLES = [1, 2, 3, 4];

/** Whether one period is the other, or a few times it. */
export function akin(one: number, other: number): boolean {
  const [short, long] = one < other ? [one, other] : [other, one];
  return MULTIPLES.some((times) => alike(long / times, short));
}

/**
 * Looks for a period in one band now and then. It counts from the second look in a row that finds it, and until three in
 * a row do not: chance gives one seldom, and the same one twice hardly ever.
 */
export class Band {
  readonly #past: Past;
  readonly #options: BandOptions;
  readonly #every: number;
  #period = Number.NaN;
  #power = 0;
  /** What the last look found, while it is another one. */
  #other = Number.NaN;
  #missed = 0;
  #next: number;

  constructor(past: Past, options: BandOptions) {
    this.#past = past;
    this.#options = options;
    this.#every = Math.min(EVERY * options.width, Math.max(EVERY, past.day));
    this.#next = Math.min(EVERY_FIRST * options.width, this.#every);
  }

  /** In points; `NaN` when there is none. */
  get period(): number {
    return this.#period;
  }

  /** Mean square of what comes again, in the load's unit squared. */
  get power(): number {
    return this.#power;
  }

  /** After each point that was measured. Returns whether it looked. */
  look(): boolean {
    const count = this.#past.newest + 1;
    if (count < this.#next) return false;
    const { width, most } = this.#options;
    const few = count < most * width;
    this.#next = count + (few ? Math.min(EVERY_FIRST * width, this.#every) : this.#every);
    this.#found();
    return true;
  }

  save(out: StateWriter): void {
    out.array(Float32Array.of(this.#period, this.#power, this.#other, this.#missed, this.#next));
  }

  load(from: StateReader): void {
    const [period, power, other, missed, next] = from.fill(new Float32Array(5));
    this.#period = period!;
    this.#power = power!;
    this.#other = other!;
    this.#missed = missed!;
    this.#next = next!;
  }

  #found(): void {
    const { width, from, to, daily } = this.#options;
    const repeat = repeatOf(this.#values(), from, to, this.#period / width);
    // In half width, as it is put away.
    const period = Math.fround(repeat ? repeat.lag * width : Number.NaN);
    if (repeat && (alike(period, this.#period) || alike(period, this.#other))) {
      // The less sure it is, the less exactly it is told: what is near is no reason to change.
      const near = ALIKE * (1 - repeat.surety) * period;
      if (!(Math.abs(period - this.#period) <= near)) this.#period = period;
      // A difference to the day before has what is not of the day twice.
      this.#power = Math.fround(repeat.power / (daily ? 2 : 1));
      this.#other = Number.NaN;
      this.#missed = 0;
      return;
    }
    this.#other = period;
    this.#missed = repeat && akin(period, this.#period) ? 0 : this.#missed + 1;
    if (this.#missed >= MISSES) this.#period = Number.NaN;
  }

  /** Ascending in time, up to the newest that is whole. */
  #values(): Float64Array {
    const { width, most, daily } = this.#options;
    const past = this.#past;
    const day = daily ? Math.round(past.day / width) : 0;
    const last = Math.floor((past.newest + 1) / width) - 1;
    const count = Math.max(0, Math.min(most, last + 1 - day));
    const value = (at: number) =>
      width === 1 ? past.at(at, past.newest) : past.mean(at * width, (at + 1) * width - 1, past.newest);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const at = last - count + 1 + i;
      values[i] = daily ? value(at) - value(at - day) : value(at);
    }
    return values;
  }
}
