import type { Distribution } from '../forecast/distribution.ts';
import type { Leads } from './horizons.ts';
import type { Loss } from './pool.ts';
import type { ShardView } from './view.ts';

/** How large the stock of stopped, initialised instances should be, in slices. */
export interface StockTarget {
  /** With fewer than this, launch cold into the stock. */
  readonly least: number;
  /** With more than this, give stopped ones up. */
  readonly most: number;
}

/** A launch must pay for this part of its own time, */
const LAUNCH_SHARE = 0.15;
/** and for so many times what keeping a stopped slice until then costs: it is not given up again at once. */
const LAUNCH_KEPT = 6;
/** A slice is called for at some time up to then about so many times as likely as at that time itself. */
const AT_SOME_TIME = 2;

/**
 * The stock's economy: a stopped slice costs `price` per tick. When it is called for it saves a cold launch's longer
 * initialisation, and the load that would be lost meanwhile. So the stock should reach as far up in the fleet's
 * need, as forecast for the time when a cold launch could serve, as P(needed) × saved > price × the wait; and it is
 * launched for where that pays for the launch as well.
 *
 * A stopped slice is given up only where launching it again later is cheaper than keeping it until then: for each
 * time ahead, the same cushion over the need that is likely enough then.
 *
 * @param running slices that run or start, in all.
 * @param price of a stopped slice per tick, in slice-ticks.
 * @param losses sudden ones: the stock should make up for the largest that is likely enough.
 */
export function stockTarget(
  views: readonly ShardView[],
  serving: ArrayLike<number>,
  running: number,
  price: number,
  leads: Leads,
  losses: readonly Loss[] = [],
): StockTarget {
  if (views.length === 0) return { least: 0, most: 0 };
  if (price <= 0) return { least: 0, most: Number.POSITIVE_INFINITY };
  const longer = leads.cold - leads.start;
  const saved = longer * (1 + meanWorth(views));
  const soon = leads.cold + 1;
  const near = (view: ShardView) => view.ahead.ticks[Math.min(soon, view.ahead.ticks.length - 1)]!;
  const keep = (price * soon) / saved;
  const launch = (LAUNCH_SHARE * leads.cold) / saved + LAUNCH_KEPT * keep;
  const later = views[0]!.ahead.coarse
    .map(({ minutes }) => 1 - (price * minutes) / (AT_SOME_TIME * leads.cold))
    .filter((level) => level > 0);
  const [kept, middle, launched, ...needed] = needsAt(views, serving, [
    { level: 1 - keep, at: near },
    { level: 0.5, at: near },
    { level: 1 - launch, at: near },
    ...later.map((level, i) => ({ level, at: ({ ahead }: ShardView) => ahead.coarse[i]!.load })),
  ]) as [number, number, number, ...number[]];
  const lost = (probability: number) =>
    losses.reduce(
      (n, { perTick = 0, slices }) => (perTick * soon >= probability ? Math.max(n, slices) : n),
      0,
    );
  const wanted = Math.max(launched, middle + lost(launch));
  const least = Math.max(0, Math.round(wanted - running));
  const cushion = Math.max(kept - middle, lost(keep));
  let most = middle + cushion;
  for (const need of needed) most = Math.max(most, cushion + need);
  return { least, most: Math.max(least, Math.ceil(most - running)) };
}

function meanWorth(views: readonly ShardView[]): number {
  let sum = 0;
  for (const view of views) sum += view.worth * view.slice;
  return sum / views.length;
}

/** A probability, and the load of a shard at some time. */
interface Ask {
  readonly level: number;
  readonly at: (view: ShardView) => Distribution;
}

/**
 * Slices that all shards together will not exceed with these probabilities: medians add up, distances from them add
 * up by their squares, because the shards' errors are taken as independent. All in one go over the shards, because of
 * many shards only the latest looked at are near at hand.
 */
function needsAt(views: readonly ShardView[], serving: ArrayLike<number>, asks: readonly Ask[]): number[] {
  const middles = new Float64Array(asks.length);
  const squares = new Float64Array(asks.length);
  for (let s = 0; s < views.length; s++) {
    const view = views[s]!;
    // What the shard holds beyond its median load now (rounding and margin) it will hold beyond its load then.
    const margin = Math.min(2, Math.max(0, serving[s]! - view.ahead.ticks[0]!.median / view.slice));
    for (let i = 0; i < asks.length; i++) {
      const { level, at } = asks[i]!;
      const load = at(view);
      const { median } = load;
      middles[i]! += Math.min(view.ceiling, Math.max(view.floor, median / view.slice + margin));
      if (level > 0.5) squares[i]! += ((load.at(level) - median) / view.slice) ** 2;
      else if (level > 0) squares[i]! -= ((median - load.at(level)) / view.slice) ** 2;
    }
  }
  return asks.map(({ level }, i) =>
    level <= 0 ? 0 : middles[i]! + Math.sign(squares[i]!) * Math.sqrt(Math.abs(squares[i]!)),
  );
}
