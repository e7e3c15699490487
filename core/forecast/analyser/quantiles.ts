import { LEVELS } from '../forecast.ts';

export const LEVEL_COUNT = LEVELS.length;

/** Loss of a quantile forecast: what it was off by, weighted by its level. */
export function pinball(level: number, quantile: number, load: number): number {
  return load > quantile ? level * (load - quantile) : (1 - level) * (quantile - load);
}

/**
 * Quantiles at `LEVELS` of the first `count` values, straight lines between them. Sorts `values`; `NaN`s are left out.
 * @returns false when there is no value
 */
export function sampleQuantiles(
  values: Float64Array,
  count: number,
  into: Float64Array,
  from: number,
): boolean {
  let known = 0;
  // Insertion: they are few, and often nearly in order.
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    let at = known++;
    while (at > 0 && values[at - 1]! > value) {
      values[at] = values[at - 1]!;
      at--;
    }
    values[at] = value;
  }
  if (known === 0) return false;
  for (let i = 0; i < LEVEL_COUNT; i++) {
    const place = LEVELS[i]! * (known - 1);
    const below = Math.floor(place);
    const low = values[below]!;
    into[from + i] = below + 1 < known ? low + (place - below) * (values[below + 1]! - low) : low;
  }
  return true;
}
