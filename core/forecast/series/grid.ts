import { DAY, HOUR, MINUTE, type Seconds } from '../../time.ts';
import type { Points } from './points.ts';

/** Steps that a forecaster takes. */
export const LEAST_STEP: Seconds = MINUTE;
export const MOST_STEP: Seconds = HOUR;
/** What is taken for the step while a single stamp is known. */
const UNKNOWN_STEP: Seconds = 5 * MINUTE;
/**
 * Clocks are late and early: so near (share of it) to whole minutes that divide a day, the step is that, and the same
 * time of day is the same slot of every day.
 */
const NEAR = 0.03;
const EVEN: readonly Seconds[] = Array.from({ length: HOUR / MINUTE }, (_, i) => (i + 1) * MINUTE).filter(
  (step) => DAY % step === 0,
);
/** The median is looked at anew when there are so many times the stamps, so that each change replays little. */
const ANEW = 1.1;

/** Slots lie at `start + n × step`. */
export interface Grid {
  readonly start: Seconds;
  readonly step: Seconds;
}

/** The step that a median difference stands for; undefined where it is out of bounds. */
export function stepOf(median: Seconds): Seconds | undefined {
  const isGood = median >= LEAST_STEP && median <= MOST_STEP;
  if (isGood && median % MINUTE === 0) return median;
  const even = EVEN.find((step) => Math.abs(median - step) <= NEAR * step);
  return even ?? (isGood ? median : undefined);
}

/**
 * The grid of several series as it is known at a time: from the earliest stamp, in steps of the median difference
 * between neighbouring stamps of a series, stamps up to that time only. So what comes later does not even move the
 * slots. For an even history it is the same grid from the second stamp on; for an uneven one the step changes ever more
 * seldom, at numbers of stamps that do not depend on who asks when.
 */
export class KnownGrid {
  readonly start: Seconds;
  /** Differences and the later stamp of each, by that stamp. */
  readonly #steps: Float64Array;
  readonly #at: Float64Array;
  readonly #counts = new Map<Seconds, number>();
  #taken = 0;
  #step: Seconds = UNKNOWN_STEP;
  #due = 1;

  constructor(series: readonly Points[]) {
    const stamps = [...new Set(series.map(({ times }) => times))];
    this.start = Math.min(Number.POSITIVE_INFINITY, ...stamps.flatMap((times) => times[0] ?? []));
    const steps: Seconds[] = [];
    const at: Seconds[] = [];
    for (const times of stamps) {
      for (let i = 1; i < times.length; i++) {
        if (times[i] === times[i - 1]) continue;
        steps.push(times[i]! - times[i - 1]!);
        at.push(times[i]!);
      }
    }
    const order = Int32Array.from(at, (_, i) => i);
    if (stamps.length > 1) order.sort((a, b) => at[a]! - at[b]!);
    this.#steps = Float64Array.from(order, (i) => steps[i]!);
    this.#at = Float64Array.from(order, (i) => at[i]!);
  }

  /** Median difference of the stamps up to a time, whatever it is; undefined where there is one stamp only. */
  medianStep(until: Seconds = Number.POSITIVE_INFINITY): Seconds | undefined {
    const steps = this.#steps.filter((_, i) => this.#at[i]! <= until).sort();
    return steps[(steps.length - 1) >> 1];
  }

  /** As known at `origin`. Origins are asked in ascending order. */
  asOf(origin: Seconds): Grid {
    while (this.#taken < this.#at.length && this.#at[this.#taken]! <= origin) {
      const step = this.#steps[this.#taken++]!;
      this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
      if (this.#taken < this.#due) continue;
      this.#due = Math.max(this.#taken + 1, Math.floor(ANEW * this.#taken));
      const median = this.#median()!;
      // A few early stamps can be anywhere; what the whole history is, is checked before.
      this.#step = stepOf(median) ?? Math.min(MOST_STEP, Math.max(LEAST_STEP, median));
    }
    return { start: this.start, step: this.#step };
  }

  #median(): Seconds | undefined {
    let below = (this.#taken - 1) >> 1;
    for (const step of [...this.#counts.keys()].sort((a, b) => a - b)) {
      below -= this.#counts.get(step)!;
      if (below < 0) return step;
    }
    return undefined;
  }
}
