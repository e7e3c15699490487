import { normals } from '../../backtest/model/fill.ts';
import type { PoolView } from '../../core/capacity/decide.ts';
import type { Leads } from '../../core/capacity/horizons.ts';
import type { ShardView } from '../../core/capacity/view.ts';
import { Distribution } from '../../core/forecast/distribution.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';

/** As in the minute model: a ready slice serves at once, a stopped one a tick later. */
export const LEADS: Leads = { activate: 0, start: 1, cold: 4, drain: 1, ticks: 11 };

/** A load that is known. */
export function sure(load: number): Distribution {
  return new Distribution(LEVELS.map(() => load));
}

/** A load around `median` whose 0.1 and 0.9 quantiles are about 2.2 × `scale` from it (logistic). */
export function unsure(median: number, scale: number): Distribution {
  return new Distribution(LEVELS.map((p) => Math.max(0, median + scale * Math.log(p / (1 - p)))));
}

export function view(ticks: readonly Distribution[], change: Partial<ShardView> = {}): ShardView {
  return {
    ahead: { ticks, coarse: [10, 20, 40, 80, 150].map((minutes) => ({ minutes, load: ticks.at(-1)! })) },
    slice: 1,
    worth: 10,
    serving: 1,
    floor: 1,
    ceiling: Number.POSITIVE_INFINITY,
    priority: 0,
    ...change,
  };
}

/** One distribution for each of the ticks that are looked at. */
export function ticks(at: (h: number) => Distribution, leads: Leads = LEADS): Distribution[] {
  return Array.from({ length: leads.ticks + 1 }, (_, h) => at(h));
}

export function pool(change: Partial<PoolView> = {}): PoolView {
  return {
    ready: 0,
    arriving: 0,
    bound: Number.POSITIVE_INFINITY,
    room: Number.POSITIVE_INFINITY,
    stoppedPrice: 0.02,
    losses: [],
    ...change,
  };
}

/** Shards of any size and state, uncertain more the farther ahead. */
export function randomViews(count: number, seed: number): ShardView[] {
  const normal = normals(seed);
  const uniform = () => Math.abs(normal()) % 1;
  return Array.from({ length: count }, () => {
    const level = 10 * uniform();
    const trend = 0.4 * normal();
    const scale = uniform();
    const floor = Math.floor(3 * uniform());
    return view(
      ticks((h) => unsure(Math.max(0, level + trend * h), scale * Math.sqrt(0.2 + h))),
      {
        serving: Math.max(0, Math.round(level + 2 * normal())),
        floor,
        ceiling: uniform() < 0.3 ? floor + Math.round(12 * uniform()) : Number.POSITIVE_INFINITY,
        priority: Math.floor(3 * uniform()),
        worth: 1 + 20 * uniform(),
      },
    );
  });
}
