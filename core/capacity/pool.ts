import { LEVELS, MEDIAN } from '../forecast/forecast.ts';
import type { Leads } from './horizons.ts';
import { learntUntil, type ShardView } from './view.ts';

/**
 * How many slices the shards together will call for when a start decided now can serve.
 *
 * Each shard's call is uncertain now and known better by then. So each forecast is split in two: what will be
 * learnt until then (nodes, one per quantile level) and what stays uncertain. At each node the values of the next few
 * slices are known; the number of slices worth more than v is a small random number per shard, and the sum over
 * shards is their convolution (many shards: the normal distribution with the same mean and variance). The expected
 * value of the m-th slice of the pool is the integral over v of P(more than v is called for at least m times).
 */
export interface PoolWorth {
  /** Expected value, in slice-ticks, of the m-th slice (m from 1) in the tick when it can serve. */
  value(m: number): number;
  /** Probability that the m-th slice is called for at all. */
  called(m: number): number;
  /** Largest m with a value above nothing. */
  readonly most: number;
}

/** Values at which calls are counted (slice-ticks), straight lines between them. What is worth more than the last counts as the last. */
const GRID = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24];
const AT_ONE = GRID.indexOf(1);
/** Most slices that one shard calls for beyond what it has. Farther shortfalls are met over the next ticks. */
const PER_SHARD = 6;
/** Above this expected number of calls the sum is close enough to normal. */
const NORMAL_FROM = 24;
const EXACT_SIZE = 64;

const WEIGHTS = LEVELS.map((_, i) => {
  const low = i === 0 ? 0 : (LEVELS[i - 1]! + LEVELS[i]!) / 2;
  const high = i === LEVELS.length - 1 ? 1 : (LEVELS[i]! + LEVELS[i + 1]!) / 2;
  return high - low;
});

/** Sudden losses that the pool should make up for: with `probability`, `slices` are called for at once. */
export interface Loss {
  readonly probability: number;
  /** Probability per tick that it happens at all, with or without enough notice. @default 0 */
  readonly perTick?: number;
  readonly slices: number;
}

export class PoolCalls implements PoolWorth {
  private readonly exact = GRID.map(() => new Float64Array(EXACT_SIZE + 1));
  private readonly mean = new Float64Array(GRID.length);
  private readonly variance = new Float64Array(GRID.length);
  private readonly calls = GRID.map(() => new Float64Array(PER_SHARD + 1));
  private readonly values = new Float64Array(PER_SHARD);
  private readonly spare = new Float64Array(EXACT_SIZE + 1);
  private filled = 0;
  private normal = false;

  /** Counts the calls of all shards anew. `serving[i]` may differ from the view's while a plan is being made. */
  count(
    views: readonly ShardView[],
    serving: ArrayLike<number>,
    leads: Leads,
    losses: readonly Loss[],
  ): this {
    for (const row of this.exact) {
      row.fill(0);
      row[0] = 1;
    }
    this.mean.fill(0);
    this.variance.fill(0);
    this.filled = 0;
    this.normal = false;
    for (let s = 0; s < views.length; s++) this.add(views[s]!, serving[s]!, leads);
    for (const loss of losses) this.addLoss(loss);
    return this;
  }

  get most(): number {
    return this.normal ? Math.ceil(this.mean[0]! + 4 * Math.sqrt(this.variance[0]!)) : this.filled;
  }

  value(m: number): number {
    let sum = 0;
    let above = this.atLeast(0, m);
    for (let v = 1; v < GRID.length; v++) {
      const next = this.atLeast(v, m);
      sum += ((above + next) / 2) * (GRID[v]! - GRID[v - 1]!);
      above = next;
      if (above < 1e-9) break;
    }
    return sum;
  }

  called(m: number): number {
    return this.atLeast(AT_ONE, m);
  }

  private atLeast(v: number, m: number): number {
    if (m <= 0) return 1;
    if (this.normal) {
      const variance = this.variance[v]!;
      if (variance < 1e-12) return this.mean[v]! + 0.5 >= m ? 1 : 0;
      return upperTail((m - 0.5 - this.mean[v]!) / Math.sqrt(variance));
    }
    const row = this.exact[v]!;
    let sum = 0;
    for (let i = this.filled; i >= m; i--) sum += row[i]!;
    return sum;
  }

  private add(view: ShardView, serving: number, leads: Leads): void {
    const { slice, worth } = view;
    const room = Math.min(PER_SHARD, Math.floor(view.ceiling - serving));
    const then = view.ahead.ticks[leads.start]!;
    const low = serving * slice;
    if (room <= 0 || worth * then.between(low, low + slice) < 0.01) return;
    const late = view.ahead.ticks[leads.activate]!;
    const learnt = learntUntil(late, then);
    for (const row of this.calls) row.fill(0);
    let reach = 0;
    for (let node = 0; node < LEVELS.length; node++) {
      const centre = then.median + learnt * (then.quantiles[node]! - then.quantiles[MEDIAN]!);
      const shift = centre - late.median;
      let excess = late.excess(low - shift);
      let found = 0;
      for (let k = 0; k < room; k++) {
        const next = late.excess(low + (k + 1) * slice - shift);
        const value = worth * (excess - next);
        if (value <= 0) break;
        this.values[found++] = value;
        excess = next;
      }
      if (found > reach) reach = found;
      let n = found;
      for (let v = 0; v < GRID.length; v++) {
        while (n > 0 && this.values[n - 1]! <= GRID[v]!) n--;
        this.calls[v]![n]! += WEIGHTS[node]!;
      }
    }
    this.convolve(this.calls, reach);
  }

  private addLoss({ probability, slices }: Loss): void {
    const n = Math.min(EXACT_SIZE, Math.round(slices));
    if (n <= 0 || probability <= 0) return;
    const row = new Float64Array(n + 1);
    row[0] = 1 - probability;
    row[n] = probability;
    this.convolve(
      GRID.map(() => row),
      n,
    );
  }

  private convolve(calls: readonly Float64Array[], reach: number): void {
    for (let v = 0; v < GRID.length; v++) {
      const row = calls[v]!;
      let mean = 0;
      let square = 0;
      for (let n = 1; n <= reach; n++) {
        mean += n * row[n]!;
        square += n * n * row[n]!;
      }
      this.mean[v]! += mean;
      this.variance[v]! += square - mean * mean;
      if (!this.normal && mean > 1e-9) this.convolveExact(this.exact[v]!, row, reach);
    }
    this.filled = Math.min(EXACT_SIZE, this.filled + reach);
    if (this.mean[0]! > NORMAL_FROM) this.normal = true;
  }

  private convolveExact(into: Float64Array, row: Float64Array, reach: number): void {
    const { spare } = this;
    const top = Math.min(EXACT_SIZE, this.filled + reach);
    spare.fill(0, 0, top + 1);
    for (let m = 0; m <= this.filled; m++) {
      const p = into[m]!;
      if (p < 1e-9) continue;
      for (let n = 0; n <= reach; n++) {
        const at = Math.min(m + n, EXACT_SIZE);
        spare[at]! += p * row[n]!;
      }
    }
    for (let m = 0; m <= top; m++) into[m] = spare[m]!;
  }
}

/** P(Z > z) for a standard normal Z (Abramowitz and Stegun 26.2.17; error below 7.5e-8). */
export function upperTail(z: number): number {
  const x = Math.abs(z);
  const t = 1 / (1 + 0.2316419 * x);
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? tail : 1 - tail;
}
