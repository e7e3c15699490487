import type { Moment } from '../moment.ts';

/** Past loads that stand for what the load may be: their quantiles are a forecast without any model. */
export interface Sample {
  /** For people. */
  readonly name: string;
  /** Writes at most {@link MOST_SAMPLES} loads; those that are not known may be among them as `NaN`. Returns how many. */
  readonly draw: (moment: Moment, into: Float64Array) => number;
}

export const MOST_SAMPLES = 64;
