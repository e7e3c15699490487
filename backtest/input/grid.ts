import { formatStamp } from '../../core/settings/stamp.ts';
import type { Seconds } from '../../core/time.ts';
import { inputError } from './input-error.ts';

/** One column as it stands in the file: `values[i]` at `times[i]`, in any order; `NaN` is missing. Wide columns share `times`. */
export interface RawSeries {
  readonly name: string;
  readonly times: readonly Seconds[];
  readonly values: readonly number[];
}

/** Nine years of minutes; beyond it a stamp is wrong rather than the history long. */
export const MAX_SLOTS = 5_000_000;
/** 1,000 shards over 40 days of minutes, 8 bytes each. */
export const MAX_CELLS = 60_000_000;

export interface Grid {
  readonly start: Seconds;
  readonly step: Seconds;
  readonly slots: number;
}

/**
 * The even grid on which the series lie: from the earliest stamp, in steps of the median difference between
 * neighbouring stamps of a series.
 * @throws {InputError} when there is no second stamp to tell the step from, or the grid would be too large
 */
export function gridOf(path: string, series: readonly RawSeries[]): Grid {
  const steps: Seconds[] = [];
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const times of new Set(series.map((one) => one.times))) {
    const sorted = Float64Array.from(times).sort();
    start = Math.min(start, sorted[0] ?? start);
    end = Math.max(end, sorted.at(-1) ?? end);
    for (let i = 1; i < sorted.length; i++) {
      const step = sorted[i]! - sorted[i - 1]!;
      if (step > 0) steps.push(step);
    }
  }
  const step = Float64Array.from(steps).sort()[(steps.length - 1) >> 1];
  if (step === undefined) {
    throw inputError(path, undefined, 'time', 'one stamp only', 'at least two different ones');
  }
  const slots = Math.round((end - start) / step) + 1;
  const most = Math.min(MAX_SLOTS, Math.floor(MAX_CELLS / series.length));
  if (slots > most) {
    const got = `${formatStamp(start)} to ${formatStamp(end)} in steps of ${step} s, ${slots} for each of ${series.length} series`;
    throw inputError(path, undefined, 'time', got, `at most ${most} steps`);
  }
  return { start, step, slots };
}

/** Lays a series on the grid: each value goes to the nearest slot, several in one are averaged, none leaves `NaN`. */
export function layOn({ start, step, slots }: Grid, { times, values }: RawSeries): Float64Array {
  const laid = new Float64Array(slots);
  const counts = new Uint32Array(slots);
  for (let i = 0; i < times.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const slot = Math.round((times[i]! - start) / step);
    laid[slot]! += value;
    counts[slot]! += 1;
  }
  for (let slot = 0; slot < slots; slot++)
    laid[slot] = counts[slot] ? laid[slot]! / counts[slot]! : Number.NaN;
  return laid;
}
