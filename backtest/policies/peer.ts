import type { ModelConfig } from '../model/model.ts';

/**
 * One setting of a peer's knobs; the same for all shards. What a peer has no use for, it ignores.
 */
export interface Knob {
  /** Utilisation of an instance that is aimed at, as a share of its capacity; may exceed 1. */
  readonly target: number;
  /** Prepared capacity of the warm pool over the group's peak desired capacity; 0 is no warm pool. */
  readonly prepared: number;
  /** Minutes by which predictive scaling launches before the hour. */
  readonly buffer: number;
  /** Target of the predictive policy over `target`; a large one makes forecasts matter less. */
  readonly ratio: number;
  /** Which hourly value is forecast: 0 the mean of the hour's minutes, 1 their peak. */
  readonly hourPeak: 0 | 1;
  /** What scale-in leaves capacity for: 0 the newest point, 1 the highest of the points that fired the alarm. */
  readonly gentle: 0 | 1;
}

/** What one shard's group did in the judged minutes. Load and unmet in the shard's unit × minutes. */
export interface GroupResult {
  readonly instanceMinutes: number;
  readonly unmet: number;
  readonly load: number;
}

/** A policy of AWS on one Auto Scaling group per shard. */
export interface PeerPolicy {
  readonly name: string;
  /** Every combination of the discrete knobs is `choices`; `target` is continuous within `targets`. */
  readonly targets: readonly [low: number, high: number];
  readonly choices: Readonly<Partial<Record<Exclude<keyof Knob, 'target'>, readonly number[]>>>;
  /** Where the searches begin; the first is the only setting when `targets` is a point. */
  readonly starts: readonly Knob[];
  /** Runs one shard. Minutes before `history` warm the group up and are neither paid nor judged. */
  run(load: Float64Array, history: number, capacity: number, config: ModelConfig, knob: Knob): GroupResult;
  /** The knobs in words, for tables. */
  describe(knob: Knob): string;
}

/** Instances that `load` needs at a utilisation; tolerant of rounding, never below 1. */
export function instancesFor(load: number, usable: number): number {
  const count = Math.ceil(load / usable - 1e-9);
  return Math.max(1, count);
}

/** Greatest load, over history and judged minutes alike: hindsight that every peer is given. */
export function peakOf(load: Float64Array): number {
  let peak = 0;
  for (let t = 0; t < load.length; t++) if (load[t]! > peak) peak = load[t]!;
  return peak;
}
