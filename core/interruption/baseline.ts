import { DAY, type Seconds } from '../time.ts';

/** What is usual of one metric of a shard: mean and variance that fade, with a half-life of a day. */
export interface Baseline {
  readonly at: Seconds;
  readonly mean: number;
  readonly variance: number;
}

const HALF_LIFE: Seconds = DAY;

/** The baseline with one more value; the first value is the mean. A value that is not newer changes nothing. */
export function learned(baseline: Baseline | undefined, value: number, at: Seconds): Baseline {
  if (!Number.isFinite(value)) return baseline ?? { at, mean: 0, variance: 0 };
  if (baseline === undefined) return { at, mean: value, variance: 0 };
  if (at <= baseline.at) return baseline;
  const keep = 2 ** (-(at - baseline.at) / HALF_LIFE);
  const off = value - baseline.mean;
  return {
    at,
    mean: baseline.mean + (1 - keep) * off,
    variance: keep * (baseline.variance + (1 - keep) * off * off),
  };
}

/** How far above the usual, in standard deviations; 0 at or below it. A metric that hardly moves counts a tenth of its mean as one. */
export function above(baseline: Baseline | undefined, value: number): number {
  if (baseline === undefined) return 0;
  const deviation = Math.max(Math.sqrt(baseline.variance), 0.1 * Math.abs(baseline.mean), 1e-9);
  return Math.max(0, (value - baseline.mean) / deviation);
}
