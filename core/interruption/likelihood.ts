import { MINUTE, type Seconds } from '../time.ts';
import { COEFFICIENTS } from './coefficients.ts';
import { countsAt, NO_HISTORY, type PoolHistory } from './pool-history.ts';
import type { Likelihood } from './risk.ts';

/** Interruption classes of the Spot Advisor: below 5 %, 5–10, 10–15, 15–20 and above 20 % a month. */
export type AdvisorClass = 0 | 1 | 2 | 3 | 4;

/** All that is known of one Spot instance's future. */
export interface Evidence {
  readonly now: Seconds;
  /** Since when the instance runs. */
  readonly since: Seconds;
  /** Its pool's class. @default 2, the middle one */
  readonly advisorClass?: AdvisorClass;
  readonly pool?: PoolHistory;
  /** Pools of the same type in other zones, and of other types in the same zone. */
  readonly neighbours?: readonly PoolHistory[];
  /** When AWS recommended to move off it. */
  readonly rebalanceAt?: Seconds;
}

/** What one horizon's model was fitted to. */
export interface Coefficients {
  readonly base: number;
  /** Per {@link FEATURES}. */
  readonly weights: readonly number[];
}

export const FEATURES = [
  /** Interruptions of the pool, faded over a day. */
  'day',
  /** Interruptions of its neighbours, faded over an hour. */
  'neighbours',
  /** The longer it runs, the longer it will. */
  'age',
] as const;

/** The evidence as numbers, in the order of {@link FEATURES}. Counts are taken by logarithm: the tenth says less than the first. */
export function featuresOf({ now, since, pool = NO_HISTORY, neighbours = [] }: Evidence): number[] {
  const near = neighbours.reduce((sum, one) => sum + countsAt(one, now)[0]!, 0);
  const age = Math.log1p(Math.max(0, now - since) / (10 * MINUTE));
  return [Math.log1p(countsAt(pool, now)[1]!), Math.log1p(near), age];
}

/** Middle of each class (share interrupted in a month); the last has no upper bound. */
const MONTHLY = [0.025, 0.075, 0.125, 0.175, 0.3];
/** Pools of the traces that the model was fitted on (V100 of 2023) were of the last class. */
const FITTED_CLASS = 4;

/**
 * What a rebalance recommendation says by itself. Assumed, not fitted: no public trace has both; AWS and measurements say
 * that the notice usually follows within 10 to 20 minutes, and sometimes never.
 */
const REBALANCE = { within15: 0.5, within60: 0.75, fadesAfter: 60 * MINUTE };

/** How likely Spot takes an instance, within 15 and 60 minutes. Rises with each piece of evidence for it. */
export function likelihoodOf(evidence: Evidence): Likelihood {
  const { now, advisorClass = 2, rebalanceAt } = evidence;
  const features = featuresOf(evidence);
  const prior = Math.log(hazard(advisorClass) / hazard(FITTED_CLASS));
  const model = (one: Coefficients) => logistic(prior + linear(one, features));
  const minutes15 = model(COEFFICIENTS.minutes15);
  const minutes60 = Math.max(minutes15, model(COEFFICIENTS.minutes60));
  const told =
    rebalanceAt === undefined ? 0 : Math.max(0, 1 - Math.max(0, now - rebalanceAt) / REBALANCE.fadesAfter);
  const parts: Record<string, number> = { advisorClass };
  FEATURES.forEach((name, i) => {
    const weight = COEFFICIENTS.minutes60.weights[i]! * features[i]!;
    if (weight !== 0) parts[name] = weight;
  });
  if (told > 0) parts.rebalance = REBALANCE.within60 * told;
  return {
    within15: either(minutes15, REBALANCE.within15 * told),
    within60: either(minutes60, REBALANCE.within60 * told),
    parts,
  };
}

/** log odds */
export function linear({ base, weights }: Coefficients, features: readonly number[]): number {
  return features.reduce((sum, feature, i) => sum + weights[i]! * feature, base);
}

export const logistic = (x: number) => 1 / (1 + Math.exp(-x));

const hazard = (advisorClass: number) => -Math.log(1 - MONTHLY[advisorClass]!);

/** Of two independent causes at least one. */
const either = (a: number, b: number) => 1 - (1 - a) * (1 - b);
