import type { ModelConfig } from '../model/model.ts';
import type { Levels } from './clairvoyant-levels.ts';

/**
 * The Lagrangian of "instance-minutes + λ · unmet load" with prices π(t) on an instance that is free in the pool
 * at minute t (docs/peers.md derives it). For any prices that `closePrices` lets pass, `dual().value` is at most what any policy
 * of the minute model pays.
 */
export interface Dual {
  /** Lower bound on instance-minutes + λ · unmet load. */
  readonly value: number;
  /** The same sum for the plan found on the way, a feasible one: an upper bound. */
  readonly primal: number;
  /** Instance-minutes and unmet load of that plan. */
  readonly minutes: number;
  readonly unmet: number;
  /** Per minute, instances that levels take from the pool less those that come back: a supergradient of `value`. */
  readonly demand: Float64Array;
}

export class DualProblem {
  readonly minutes: number;
  readonly load: number;
  readonly #shards: readonly Levels[];
  readonly #config: ModelConfig;
  readonly #times: Int32Array;
  readonly #moves: Uint8Array;

  /** @param minutes judged minutes; @param load load of all shards over them */
  constructor(shards: readonly Levels[], minutes: number, load: number, config: ModelConfig) {
    this.minutes = minutes;
    this.load = load;
    this.#shards = shards;
    this.#config = config;
    this.#times = new Int32Array(minutes + 1);
    this.#moves = new Uint8Array(minutes + 1);
  }

  /**
   * @param lambda instance-minutes that a unit of unmet load is worth
   * @param prices feasible ones, `minutes + drain` long, zero from `minutes` on
   */
  solve(lambda: number, prices: Float64Array): Dual {
    const { drain } = this.#config.lead;
    const demand = new Float64Array(this.minutes + drain);
    let cost = this.#shards.length * this.minutes;
    let served = 0;
    for (const levels of this.#shards) {
      const worth = lambda * levels.capacity;
      served += levels.base * levels.capacity;
      for (let k = 1; k + 1 < levels.offsets.length; k++) {
        const path = this.#level(levels, k, worth, prices, demand);
        cost += path.cost;
        served += path.served * levels.capacity;
      }
    }
    const unmet = this.load - served;
    let priced = 0;
    for (let t = 0; t < this.minutes; t++) priced += prices[t]! * demand[t]!;
    const minutes = cost - priced + idleCost(demand, this.minutes, this.#config);
    return {
      value: cost + lambda * unmet,
      primal: minutes + lambda * unmet,
      minutes,
      unmet,
      demand,
    };
  }

  /** The cheapest on/off path of one level, prices included; its moves are added to `demand`. */
  #level(
    levels: Levels,
    level: number,
    worth: number,
    prices: Float64Array,
    demand: Float64Array,
  ): { cost: number; served: number } {
    const { cold, drain } = this.#config.lead;
    const { starts, shares } = levels;
    const times = this.#times;
    const moves = this.#moves;
    const end = levels.offsets[level + 1]!;
    // Value of being off or on (what was saved included), and instance-minutes served on the way there.
    let off = 0;
    let on = Number.POSITIVE_INFINITY;
    let offServed = 0;
    let onServed = 0;
    let steps = 0;
    for (let i = levels.offsets[level]!; i < end; i++) {
      const from = starts[i]!;
      const to = i + 1 < end ? starts[i + 1]! : this.minutes;
      const share = shares[i]!;
      const each = 1 - worth * share;
      // Inside an empty segment, or one that is worth more than any change of prices, no switch can pay.
      const step = share === 0 || each <= -cold ? to - from : 1;
      for (let t = from; t < to; t += step) {
        const enter = off + prices[t]!;
        // In the last minutes draining is cut short, but then staying on is never dearer than leaving.
        const leave = on + drain - prices[t + drain]!;
        let move = 0;
        const onBefore = on;
        const onServedBefore = onServed;
        if (enter < on) {
          on = enter;
          onServed = offServed;
          move = 1;
        }
        if (leave < off && onBefore < Number.POSITIVE_INFINITY) {
          off = leave;
          offServed = onServedBefore;
          move |= 2;
        }
        on += each * step;
        onServed += share * step;
        times[steps] = t;
        moves[steps++] = move;
      }
    }
    const endsOn = on < off;
    let isOn = endsOn;
    for (let i = steps - 1; i >= 0; i--) {
      const move = moves[i]!;
      const t = times[i]!;
      if (isOn && (move & 1) !== 0) {
        demand[t]!++;
        isOn = false;
      } else if (!isOn && (move & 2) !== 0) {
        demand[t + drain]!--;
        isOn = true;
      }
    }
    return endsOn
      ? { cost: on + worth * onServed, served: onServed }
      : { cost: off + worth * offServed, served: offServed };
  }
}

/** Cheapest way to have an idle instance back after `idle` minutes: keep it ready, stop it, or launch a new one. */
export function idlePrice(idle: number, config: ModelConfig): number {
  const { cold, warm } = config.lead;
  let price = idle;
  if (idle >= warm) price = Math.min(price, config.stopped * (idle - warm) + warm);
  if (idle >= cold) price = Math.min(price, cold);
  return price;
}

/** Cost of all that is not busy between two uses: last released is taken first, which is cheapest as the price is concave. */
function idleCost(demand: Float64Array, minutes: number, config: ModelConfig): number {
  const idleSince: number[] = [];
  let cost = 0;
  for (let t = 0; t < minutes; t++) {
    let change = demand[t]!;
    for (; change < 0; change++) idleSince.push(t);
    for (; change > 0; change--) cost += idlePrice(t - (idleSince.pop() ?? 0), config);
  }
  return cost;
}
