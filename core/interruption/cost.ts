import type { RiskSettings } from '../settings/risk.ts';
import { above, type Baseline } from './baseline.ts';
import type { InterruptionCost } from './risk.ts';

/** What is known of a slice and its shard when the cost of an interruption is weighed. */
export interface CostInput {
  readonly settings: RiskSettings;
  /** 0–1000 */
  readonly priority: number;
  /** Slices that serve the shard, this one included. */
  readonly slices: number;
  /** Whether it has state that would be gone. */
  readonly hasState: boolean;
  readonly stateMiB: number;
  readonly dirtyMiBps: number;
  /** Live: cpu, memory, io (shares of 1), inFlight, sessions; what is not measured is absent. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What is usual for the shard, by metric. */
  readonly baselines: Readonly<Record<string, Baseline>>;
  /** Share of the shard's capacity in use, where it is measured. */
  readonly utilization?: number;
  /** Shards that cannot work without this one. */
  readonly dependants: number;
}

/** State of this size counts in full (MiB). */
const LARGE_STATE = 16_384;
/** Changes of this many MiB a second count in full: what was copied last is old at once. */
const FAST_CHANGES = 64;
/** So many standard deviations above its baseline count in full. */
const FAR_ABOVE = 4;
const PROFILE = ['cpu', 'memory', 'io', 'inFlight', 'sessions'] as const;
type Metric = (typeof PROFILE)[number];

/**
 * What an interruption of a slice would cost, in [0, 1]. Each part is in [0, 1] and rises with what it is made of; the
 * parts are weighed as the settings say, and the sum is raised by what is important: priority and dependants.
 */
export function costOf(input: CostInput): InterruptionCost {
  const { settings, priority, slices, hasState, stateMiB, dirtyMiBps, dependants } = input;
  const parts: Record<string, number> = {};
  const pressure = (metric: Metric) => {
    const value = pressureOf(metric, input);
    if (value > 0) parts[metric] = value;
    return value;
  };
  const [cpu, memory, io, inFlight, sessions] = PROFILE.map(pressure) as [
    number,
    number,
    number,
    number,
    number,
  ];

  let dataLoss = 0;
  if (hasState) {
    const size = Math.min(1, Math.log1p(stateMiB) / Math.log1p(LARGE_STATE));
    const changes = Math.min(1, dirtyMiBps / FAST_CHANGES);
    parts.state = size;
    if (changes > 0) parts.changes = changes;
    // Even a state that nobody knows the size of is lost.
    dataLoss = Math.min(1, 0.25 + 0.35 * size + 0.2 * changes + 0.2 * Math.max(sessions, memory));
  }
  const rollback = Math.min(1, 0.8 * inFlight + 0.2 * io);
  const degraded = degradation(slices, Math.max(input.utilization ?? 0, cpu * settings.profile.cpu));
  if (degraded > 0) parts.capacity = degraded;

  const { weights } = settings;
  const sum = weights.dataLoss + weights.rollback + weights.degraded;
  const mean =
    sum > 0
      ? (weights.dataLoss * dataLoss + weights.rollback * rollback + weights.degraded * degraded) / sum
      : 0;
  const important = priority / 1000 + Math.log2(1 + dependants) / 4;
  if (dependants > 0) parts.dependants = dependants;
  const total = 1 - (1 - mean) ** (1 + important);
  return { total, dataLoss, rollback, degraded, parts };
}

/** How near a metric is to where an interruption hurts most: by its threshold, or by how far it is above what is usual. */
function pressureOf(metric: Metric, { settings, metrics, baselines }: CostInput): number {
  const value = metrics[metric];
  if (value === undefined || !(value > 0)) return 0;
  const baseline = baselines[metric];
  const threshold =
    settings.profile[metric] ?? (baseline && baseline.mean > 0 ? 2 * baseline.mean : undefined);
  const byThreshold = threshold === undefined ? 0 : Math.min(1, value / threshold);
  return Math.max(byThreshold, Math.min(1, above(baseline, value) / FAR_ABOVE));
}

/** How badly the shard does without one of its slices: from half its capacity in use on, up to all of it. */
function degradation(slices: number, utilization: number): number {
  if (slices <= 1) return 1;
  const after = (utilization * slices) / (slices - 1);
  return Math.min(1, Math.max(0, (after - 0.5) / 0.5));
}
