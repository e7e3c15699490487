import type { Distribution } from '../forecast/distribution.ts';
import type { LookAhead } from './look-ahead.ts';

/** One shard as the sizing rules see it. Slices are equal here; `serving` may be fractional where they are not. */
export interface ShardView {
  readonly ahead: LookAhead;
  /** Load that one slice serves (the shard's unit). */
  readonly slice: number;
  /** Value of serving one unit of load for one tick, in the cost of one running slice for one tick. */
  readonly worth: number;
  /** Slices that serve or are on their way to serve. */
  readonly serving: number;
  /** Never fewer (the guarantee) and never more slices than these. */
  readonly floor: number;
  readonly ceiling: number;
  readonly priority: number;
}

/** Value of the slice that lifts the capacity from `have` to `have + 1` slices, in the tick `h` ahead; above 1 it pays. */
export function gain(view: ShardView, h: number, have: number): number {
  const low = have * view.slice;
  return view.worth * view.ahead.ticks[h]!.between(low, low + view.slice);
}

/** A little (of the square) is always learnt, also where forecasts of the near are no surer than of the far. */
const LEAST_LEARNT = 0.05;

/**
 * Which part of what is uncertain about a load will be known by the time when `late` is all that can still come
 * otherwise, in [0, 1]: distances from the median shrink to it. 0 where nothing is uncertain.
 */
export function learntUntil(late: Distribution, then: Distribution): number {
  return then.spread > 0 ? Math.sqrt(Math.max(LEAST_LEARNT, 1 - (late.spread / then.spread) ** 2)) : 0;
}
