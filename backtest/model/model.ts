/**
 * The minute model of `bench:capacity`: one model for every policy, ours and the peers', in 1-minute steps.
 *
 * At minute t a policy knows the load up to t − 1 − delay. Order within a minute: starts that are due arrive and
 * serve; the policy decides; what it takes from the ready pool serves at once (10 s rounds to 0 steps), what it
 * starts serves `warm` or `cold` steps later, what it releases stops serving at once and is paid for `drain` more
 * steps; the minute is paid and judged. Every running instance counts as 1, starting, draining and ready ones too;
 * stopped ones count `stopped`.
 */
export interface ModelTrace {
  readonly name: string;
  readonly shards: readonly string[];
  /** Per shard, one value per minute, no gaps, non-negative. */
  readonly load: readonly Float64Array[];
  /** Per shard, the peak of the whole trace when `load` is only a part of it. @default the peak of `load` */
  readonly peaks?: readonly number[];
  /** Minutes before this one are history; the rest, up to `load[s].length`, is judged. */
  readonly history: number;
  /** Minute of the week of index 0 and epoch seconds of index 0, for calendars. */
  readonly start: number;
}

export interface ModelConfig {
  /** Instances that each shard's peak over the whole trace needs: capacity per instance = peak / this. */
  readonly peakInstances: number;
  /** Steps by which load metrics arrive late, for all policies alike. */
  readonly delay: number;
  /** Lead times in whole steps. */
  readonly lead: { readonly cold: number; readonly warm: number; readonly drain: number };
  /** Price of a stopped instance over a running one. */
  readonly stopped: number;
}

export const DEFAULT_MODEL: ModelConfig = {
  peakInstances: 20,
  delay: 0,
  lead: { cold: 4, warm: 1, drain: 1 },
  stopped: 0.02,
};

/** One policy with one setting of its knobs, on one trace. */
export interface Outcome {
  readonly knobs: string;
  /** Instance-hours over the judged minutes, all shards, stopped ones at their price. */
  readonly hours: number;
  /** Unmet over total load in the judged minutes, all shards together. */
  readonly unmet: number;
}

/** Capacity of one instance for each shard; a shard without any load gets capacity 1. */
export function capacities(trace: ModelTrace, config: ModelConfig): number[] {
  return trace.load.map((values, shard) => {
    let peak = trace.peaks?.[shard] ?? 0;
    if (trace.peaks === undefined) for (const value of values) if (value > peak) peak = value;
    return peak > 0 ? peak / config.peakInstances : 1;
  });
}
