import type { ModelConfig } from '../model/model.ts';

/**
 * Prices are feasible when nothing can be gained by keeping, stopping or launching an instance: with σ the price of
 * a stopped one,
 *   0 ≤ π(t) ≤ cold,  π(t + 1) ≤ π(t) + 1,  σ(t) ≤ π(t),  σ(t + 1) ≤ σ(t) + stopped,  π(t + warm) ≤ σ(t) + warm,
 * and π(0) = σ(0) = 0, as the initial fleet is free. Both closures below are in place, in one pass.
 */

/** The highest feasible prices that are nowhere above the given ones. */
export function closeDown(prices: Float64Array, minutes: number, config: ModelConfig): void {
  const { cold, warm } = config.lead;
  const stopped = new Float64Array(minutes);
  prices[0] = 0;
  for (let t = 1; t < minutes; t++) {
    let price = Math.min(Math.max(0, prices[t]!), cold, prices[t - 1]! + 1);
    if (warm === 0) price = Math.min(price, stopped[t - 1]! + config.stopped);
    else if (t >= warm) price = Math.min(price, stopped[t - warm]! + warm);
    prices[t] = price;
    stopped[t] = Math.min(price, stopped[t - 1]! + config.stopped);
  }
}

/** The lowest prices, feasible but for the free start, that are nowhere below the given ones (in [0, cold]). */
export function closeUp(prices: Float64Array, minutes: number, config: ModelConfig): void {
  const { cold, warm } = config.lead;
  const stopped = new Float64Array(minutes + 1);
  for (let t = minutes - 1; t >= 0; t--) {
    let price = Math.min(cold, Math.max(0, prices[t]!));
    if (t + 1 < minutes) price = Math.max(price, prices[t + 1]! - 1);
    let kept = stopped[t + 1]! - config.stopped;
    if (t + warm < minutes) kept = Math.max(kept, (warm === 0 ? price : prices[t + warm]!) - warm);
    stopped[t] = Math.max(0, kept);
    prices[t] = Math.max(price, stopped[t]!);
  }
}
