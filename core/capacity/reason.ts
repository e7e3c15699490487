import { MEDIAN } from '../forecast/forecast.ts';
import { disbelief } from './held-size.ts';
import { TICK } from './horizons.ts';
import type { Reason, Rule } from './plan.ts';
import type { PlannedShard } from './shard-views.ts';
import { gain } from './view.ts';

/**
 * The numbers behind one decision about a shard's slice on top of `serving`, `h` ticks ahead. Without a forecast
 * there are none but what is needed and had.
 */
export function reasonFor(
  shard: PlannedShard,
  rule: Rule,
  h: number,
  serving: number,
  considered: readonly string[] = [],
): Reason {
  const load = shard.ahead.ticks[h]!;
  const base = rule === 'release' ? serving - 1 : serving;
  const known = shard.isKnown;
  const words = shard.held === undefined ? considered : [...considered, disbelief(shard.held)];
  return {
    rule,
    ahead: h * TICK,
    ...(known && { forecast: { median: load.quantiles[MEDIAN]!, q90: load.at(0.9), q99: load.at(0.99) } }),
    need: (rule === 'release' ? serving - 1 : serving + 1) * shard.slice,
    have: serving * shard.slice,
    ...(known && { value: gain(shard, h, base) }),
    ...(words.length > 0 && { considered: words }),
  };
}
