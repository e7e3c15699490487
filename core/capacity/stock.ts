import type { Distribution } from '../forecast/distribution.ts';
import type { Leads } from './horizons.ts';
import type { ShardView } from './view.ts';

/** How large the stock of stopped, initialised instances should be, in slices. */
export interface StockTarget {
  /** With fewer than this, launch cold into the stock. */
  readonly least: number;
  /** With more than this, give stopped ones up. */
  readonly most: number;
}

/** A launch into the stock must pay this many times over what keeping one that is there must. */
const LAUNCH_MARGIN = 3;
/** The mean value of a slice that is missing, as a part of one that is missing whole. */
const MISSING_PART = 0.5;
/** Calls farther ahead are mostly foreseen in time for a cold launch; this part is not. */
const UNFORESEEN = 0.1;

/**
 * The stock's economy: a stopped slice costs `price` per tick. When it is called for it saves a cold launch's longer
 * initialisation and, when the call was not foreseen in time for one, the load that would be lost meanwhile. So the
 * m-th stopped slice is worth keeping while, at some time ahead, P(needed then) × saved > price × the wait.
 *
 * @param running slices that run or start, in all.
 * @param price of a stopped slice per tick, in slice-ticks.
 */
export function stockTarget(
  views: readonly ShardView[],
  serving: ArrayLike<number>,
  running: number,
  price: number,
  leads: Leads,
): StockTarget {
  if (price <= 0) return { least: 0, most: Number.POSITIVE_INFINITY };
  const longer = leads.cold - leads.start;
  const lost = longer * meanWorth(views) * MISSING_PART;
  const soon = leads.cold + 1;
  const near = (view: ShardView) => view.ahead.ticks[Math.min(soon, view.ahead.ticks.length - 1)]!;
  const keepSoon = (price * soon) / (longer + lost);
  const least = needAt(views, serving, 1 - LAUNCH_MARGIN * keepSoon, near) - running;
  let most = needAt(views, serving, 1 - keepSoon, near) - running;
  for (const [i, { minutes }] of views[0]!.ahead.coarse.entries()) {
    const keep = (price * minutes) / (longer + UNFORESEEN * lost);
    if (keep >= 1) break;
    most = Math.max(most, needAt(views, serving, 1 - keep, (view) => view.ahead.coarse[i]!.load) - running);
  }
  const floor = Math.max(0, Math.floor(least));
  return { least: floor, most: Math.max(floor, Math.ceil(most)) };
}

function meanWorth(views: readonly ShardView[]): number {
  let sum = 0;
  for (const view of views) sum += view.worth * view.slice;
  return sum / views.length;
}

/**
 * Slices that all shards together will not exceed with this probability: medians add up, distances from them add up
 * by their squares, because the shards' errors are taken as independent.
 */
function needAt(
  views: readonly ShardView[],
  serving: ArrayLike<number>,
  level: number,
  at: (view: ShardView) => Distribution,
): number {
  let middle = 0;
  let square = 0;
  for (let s = 0; s < views.length; s++) {
    const view = views[s]!;
    const load = at(view);
    // What the shard holds beyond its median load now (rounding and margin) it will hold beyond its load then.
    const margin = Math.min(2, Math.max(0, serving[s]! - view.ahead.ticks[0]!.median / view.slice));
    middle += Math.min(view.ceiling, Math.max(view.floor, load.median / view.slice + margin));
    if (level > 0.5) square += ((load.at(level) - load.median) / view.slice) ** 2;
    else if (level > 0) square -= ((load.median - load.at(level)) / view.slice) ** 2;
  }
  return level <= 0 ? 0 : middle + Math.sign(square) * Math.sqrt(Math.abs(square));
}
