import type { Seconds } from '../time.ts';

/** One Spot pool: what is mostly interrupted together. */
export interface SpotPool {
  readonly type: string;
  readonly zone: string;
}

export const poolKey = ({ type, zone }: SpotPool) => `${type}/${zone}`;

/** Probability that an instance is interrupted within 15 and 60 minutes, and what made it so (each a probability or factor). */
export interface Likelihood {
  readonly within15: number;
  readonly within60: number;
  readonly parts: Readonly<Record<string, number>>;
}

/** What an interruption would cost, each part in [0, 1] before it is weighted; `total` in [0, 1]. */
export interface InterruptionCost {
  readonly total: number;
  readonly dataLoss: number;
  readonly rollback: number;
  readonly degraded: number;
  /** What raised them: metric or rule → its share of 1. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Risk of one serving slice. */
export interface SliceRisk {
  readonly slice: string;
  readonly instance: string;
  readonly shard: string;
  /** Absent: On-Demand. */
  readonly pool?: SpotPool;
  readonly likelihood: Likelihood;
  readonly cost: InterruptionCost;
  /** likelihood.within60 × cost.total, in [0, 1]. */
  readonly score: number;
  /** State that would have to be copied, measured or as the settings say. */
  readonly stateMiB: number;
  readonly dirtyMiBps: number;
}

/** A reserve that was asked for. */
export interface ReserveRequest {
  readonly id: string;
  readonly shard: string;
  /** Slices. */
  readonly count: number;
  readonly until: Seconds;
}
