import { capacities, type ModelConfig, type ModelTrace, type Outcome } from '../model/model.ts';
import { type Dual, DualProblem } from './clairvoyant-dual.ts';
import { levelsOf } from './clairvoyant-levels.ts';
import { closeDown, closeUp } from './clairvoyant-prices.ts';

/** What no policy of the minute model can undercut, and how close a plan that knows the load comes to it. */
export interface ClairvoyantBound {
  /** Lower bound on the instance-hours of any policy, ours and the peers', at this unmet share or less. */
  readonly hours: number;
  /** Instance-minutes that a unit of unmet load is worth there, in units of load × minutes. */
  readonly lambda: number;
  /** A feasible plan at about this unmet share; the optimum lies between the bound and it. */
  readonly plan: Outcome;
  /** Most by which the bound may be too low, as a share of its hours: 0.01 is 1 %. */
  readonly gap: number;
}

/** Rounds of price ascent per trial λ, and at the λ that is kept. All fixed counts: no clock, same result everywhere. */
const TRIAL_ROUNDS = 8;
const FINAL_ROUNDS = 80;
/** λ is found to within this factor; the bound is flat around its best λ. */
const LAMBDA_PRECISION = 1.02;
const LAMBDA_HALVINGS = 40;
/** Most that unmet load of an instance-minute is priced at (instance-minutes): what is still missed then is rounding. */
const MOST_WORTH = 1e4;
/** Allowance for rounding, relative to the sums that are subtracted: the bound stays one in floating point. */
const ROUNDING = 1e-12;
/** Share of the last direction that is kept: without it the ascent zigzags. */
const MOMENTUM = 0.5;

/**
 * Proven lower bound on instance-hours over the judged minutes for every policy of the minute model, by Lagrangian
 * duality (docs/peers.md): any λ ≥ 0 and feasible prices give a valid one, the search only makes it high.
 * @param unmetShare unmet over total load that is allowed, in [0, 1]
 */
export function clairvoyantBound(
  trace: ModelTrace,
  config: ModelConfig,
  unmetShare: number,
): ClairvoyantBound {
  return clairvoyantFront(trace, config, [unmetShare])[0]!;
}

/** `clairvoyantBound` for several unmet shares; what one has learnt of prices serves the next. */
export function clairvoyantFront(
  trace: ModelTrace,
  config: ModelConfig,
  shares: readonly number[],
): ClairvoyantBound[] {
  const ascent = new Ascent(trace, config);
  return shares.map((share) => ascent.bound(share));
}

class Ascent {
  readonly #problem: DualProblem;
  readonly #config: ModelConfig;
  readonly #shards: number;
  readonly #prices: Float64Array;
  readonly #direction: Float64Array;
  readonly #mostLambda: number;
  #lambda: number;

  constructor(trace: ModelTrace, config: ModelConfig) {
    const capacity = capacities(trace, config);
    const minutes = trace.load[0]!.length - trace.history;
    let load = 0;
    for (const values of trace.load) for (let t = trace.history; t < values.length; t++) load += values[t]!;
    const levels = trace.load.map((values, s) => levelsOf(values, trace.history, capacity[s]!));
    this.#config = config;
    this.#shards = levels.length;
    this.#problem = new DualProblem(levels, minutes, load, config);
    this.#prices = new Float64Array(minutes + config.lead.drain);
    this.#prices.fill(config.lead.cold / 2, 0, minutes);
    closeDown(this.#prices, minutes, config);
    this.#direction = new Float64Array(minutes);
    this.#mostLambda = MOST_WORTH / capacity.reduce((least, each) => Math.min(least, each));
    this.#lambda = (10 * capacity.length) / capacity.reduce((sum, each) => sum + each, 0);
  }

  bound(unmetShare: number): ClairvoyantBound {
    const allowed = unmetShare * this.#problem.load;
    // λ = 0: one active instance per shard, always.
    let best = { minutes: this.#shards * this.#problem.minutes, lambda: 0 };
    let plan: Dual | undefined;
    const climb = (lambda: number, rounds: number) => {
      const found = this.#climb(lambda, rounds);
      const rounding = ROUNDING * (lambda * this.#problem.load + Math.abs(found.value));
      const minutes = found.value - lambda * allowed - rounding;
      if (minutes > best.minutes) best = { minutes, lambda };
      plan = found.plan;
      return found.plan.unmet > allowed + ROUNDING * this.#problem.load;
    };
    const lambda = this.#search((trial) => climb(trial, TRIAL_ROUNDS));
    climb(lambda, FINAL_ROUNDS);
    this.#lambda = lambda;
    const { minutes, unmet } = plan!;
    // The plan misses a little more or less than allowed: compare at its own unmet load, priced at λ.
    const gap = (minutes + lambda * (unmet - allowed) - best.minutes) / best.minutes;
    return {
      hours: best.minutes / 60,
      lambda: best.lambda,
      plan: {
        knobs: 'plan that knows the load',
        hours: minutes / 60,
        unmet: this.#problem.load > 0 ? unmet / this.#problem.load : 0,
      },
      gap: Math.max(0, gap),
    };
  }

  /** Bisects for the λ at which the best plan misses as much as is allowed. */
  #search(missesTooMuch: (lambda: number) => boolean): number {
    let low = this.#lambda;
    let high = this.#lambda;
    if (missesTooMuch(low)) {
      do {
        if (high >= this.#mostLambda) return high;
        [low, high] = [high, 2 * high];
      } while (missesTooMuch(high));
    } else {
      let halvings = 0;
      do {
        if (halvings++ === LAMBDA_HALVINGS) return high;
        [low, high] = [low / 2, low];
      } while (!missesTooMuch(low));
    }
    while (high / low > LAMBDA_PRECISION) {
      const middle = Math.sqrt(low * high);
      if (missesTooMuch(middle)) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Some rounds of Polyak's projected supergradient ascent on the prices, from where they stand. */
  #climb(lambda: number, rounds: number): { value: number; plan: Dual } {
    const prices = this.#prices;
    const direction = this.#direction;
    const { minutes } = this.#problem;
    const up = new Float64Array(prices.length);
    let value = Number.NEGATIVE_INFINITY;
    let plan: Dual | undefined;
    for (let round = 0; round < rounds; round++) {
      const dual = this.#problem.solve(lambda, prices);
      value = Math.max(value, dual.value);
      if (plan === undefined || dual.primal < plan.primal) plan = dual;
      let norm = 0;
      for (let t = 0; t < minutes; t++) {
        const d = MOMENTUM * direction[t]! + dual.demand[t]!;
        direction[t] = d;
        norm += d * d;
      }
      const gap = plan.primal - dual.value;
      if (norm === 0 || gap <= 1e-9 * plan.primal) break;
      for (let t = 0; t < minutes; t++) {
        prices[t] = prices[t]! + (gap / norm) * direction[t]!;
        up[t] = prices[t]!;
      }
      // Half-way between the two closures is feasible too, and nearer to the projection than either.
      closeDown(prices, minutes, this.#config);
      closeUp(up, minutes, this.#config);
      for (let t = 0; t < minutes; t++) prices[t] = (prices[t]! + up[t]!) / 2;
      closeDown(prices, minutes, this.#config);
    }
    return { value, plan: plan! };
  }
}
