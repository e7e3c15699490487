import { HOUR, MINUTE, type Seconds } from '../../time.ts';
import type { Indicators } from '../forecast.ts';

/** A series as it was measured: stamps ascending, `NaN` is missing. */
export interface Measured {
  readonly times: ArrayLike<Seconds>;
  readonly values: ArrayLike<number>;
}

/** The indicator that every shard has. */
export const OTHERS = 'other shards';

/** A value stands until the next one, and for so long at most: an hourly series is then known all the time. */
const HOLD: Seconds = HOUR + 5 * MINUTE;
const HOLD_STEPS = 3;

interface Total {
  readonly sum: number;
  readonly known: number;
}

/**
 * What may lead the loads of several shards, as it is known at a time: the sum of the other shards, and series that
 * the user names.
 *
 * Invariant: nothing after the time that is asked for enters an answer.
 */
export class IndicatorSources {
  readonly #loads: ReadonlyMap<string, Measured>;
  readonly #step: Seconds;
  readonly #least: number;
  /** Sums over all shards: each shard asks for the same times. */
  readonly #totals = new Map<Seconds, Total>();

  /**
   * @param loads by shard
   * @param step of the forecasters' grid (s)
   * @param least so many of the shards must be known for their sum to be
   */
  constructor(loads: ReadonlyMap<string, Measured>, step: Seconds, least = 0) {
    this.#loads = loads;
    this.#step = step;
    this.#least = least;
  }

  /** What may lead one shard. @param named series by name, of this shard or of all */
  of(shard: string, named: ReadonlyMap<string, Measured>): Indicators {
    const more = [...named.values()];
    return {
      names: [OTHERS, ...named.keys()],
      at: (i, time) => (i === 0 ? this.#others(shard, time) : valueAt(more[i - 1]!, time, this.#step)),
    };
  }

  #others(shard: string, time: Seconds): number {
    const { sum, known } = this.#total(time);
    const load = this.#loads.get(shard);
    const own = load === undefined ? Number.NaN : valueAt(load, time, this.#step);
    const others = Number.isNaN(own) ? known : known - 1;
    if (others === 0 || known < this.#least) return Number.NaN;
    return Math.max(0, Number.isNaN(own) ? sum : sum - own);
  }

  #total(time: Seconds): Total {
    const there = this.#totals.get(time);
    if (there !== undefined) return there;
    let [sum, known] = [0, 0];
    for (const load of this.#loads.values()) {
      const value = valueAt(load, time, this.#step);
      if (Number.isNaN(value)) continue;
      sum += value;
      known += 1;
    }
    const total = { sum, known };
    this.#totals.set(time, total);
    return total;
  }
}

/** Mean of what was measured in the step that ends at a time; else the newest value before it that still stands. */
function valueAt({ times, values }: Measured, time: Seconds, step: Seconds): number {
  let at = lastUpTo(times, time);
  let [sum, known] = [0, 0];
  for (; at >= 0 && times[at]! > time - step; at--) {
    if (Number.isNaN(values[at])) continue;
    sum += values[at]!;
    known += 1;
  }
  if (known > 0) return sum / known;
  const oldest = time - Math.max(HOLD, HOLD_STEPS * step);
  for (; at >= 0 && times[at]! >= oldest; at--) if (!Number.isNaN(values[at])) return values[at]!;
  return Number.NaN;
}

/** Place of the last stamp at or before a time; -1 where there is none. */
function lastUpTo(times: ArrayLike<Seconds>, time: Seconds): number {
  let [from, to] = [0, times.length];
  // Where stamps are even, it is there at once.
  const even = Math.floor(((time - times[0]!) / (times[to - 1]! - times[0]!)) * (to - 1) + 1e-9);
  if (times[even]! <= time && !(times[even + 1]! <= time)) return even;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (times[middle]! <= time) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}
