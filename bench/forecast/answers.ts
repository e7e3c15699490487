import { LEVELS } from '../../core/forecast/forecast.ts';
import type { Series } from './sets.ts';

/** Levels that are scored. */
export const SCORED = [0.1, 0.5, 0.9, 0.95, 0.99] as const;

/** Where {@link SCORED} lie among the levels of a forecast. */
export const AT = SCORED.map((level) => LEVELS.indexOf(level));

/** A series and where it is forecast from. */
export interface Case {
  readonly series: Series;
  /** Indices of the newest value that may be known, ascending. */
  readonly origins: readonly number[];
}

/** What a forecaster said at one origin: per horizon of the series, quantiles at {@link SCORED}. */
export type Answer = readonly (readonly number[])[];

/** What one forecaster said, per case and per origin of it; undefined where it has nothing to say. */
export interface Answers {
  readonly forecaster: string;
  readonly cases: readonly (readonly (Answer | undefined)[])[];
}

/** The answer of who has none: the last value, held. */
export function nothing({ values, horizons }: Series, origin: number): Answer {
  const last = values.subarray(0, origin + 1).findLast((value) => !Number.isNaN(value)) ?? 0;
  return horizons.map(() => SCORED.map(() => last));
}
