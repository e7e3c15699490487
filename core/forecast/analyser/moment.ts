import { HOUR, MINUTE } from '../../time.ts';
import type { Cycle } from './cycle.ts';
import type { Past } from './past.ts';
import type { Season, Seasons } from './season.ts';

/** What is known at one point, whatever is to be forecast from there. Loads in the shard's unit. */
export interface Origin {
  readonly index: number;
  readonly load: number;
  readonly before: number;
  /** Exponentially smoothed over the last dozen points. */
  readonly smooth: number;
  /** Means of the last three points, of about a quarter of an hour, an hour, a day, a week. */
  readonly three: number;
  readonly quarter: number;
  readonly hour: number;
  readonly day: number;
  readonly week: number;
  readonly season: Season;
}

/** An origin, and the time that is forecast from there. */
export interface Moment {
  readonly past: Past;
  readonly seasons: Seasons;
  readonly cycle: Cycle;
  readonly origin: Origin;
  /** Index of the time that is forecast. */
  readonly target: number;
  /** Points from the origin to it. */
  readonly lead: number;
  /** Of the target, seen from the origin. */
  readonly season: Season;
  /** Long-run level of the load. */
  readonly level: number;
  /** What leads the load, in deviations (see LeadLag). */
  readonly leading: readonly number[];
  /** What the other shards' load usually is at the target's time of day, over its usual mean in the day before the origin; `NaN` = unknown. */
  readonly othersRise: number;
}

/** Points in about an hour: never fewer than six. */
const hourOf = ({ step }: Past) => Math.max(6, Math.round(HOUR / step));

const quarterOf = ({ step }: Past) => Math.max(3, Math.min(15, Math.round((15 * MINUTE) / step)));

/** Of a point, in the smoothed load; the rest is the point's before. */
const NEWEST = 0.3;
const SMOOTHED = 14;

function smoothed(past: Past, index: number): number {
  let sum = 0;
  let total = 0;
  let weight = 1;
  for (let i = index; i > index - SMOOTHED && i >= 0; i--) {
    sum += weight * past.at(i, index);
    total += weight;
    weight *= 1 - NEWEST;
  }
  return sum / total;
}

/** Load that is more than so many times what is usual is no ground for what comes hours later. */
const UNUSUAL = 2;

/** An origin with its newest load cut to what may be usual: for far leads, which one outlier must not carry. */
export function tempered(origin: Origin): Origin {
  const season = Number.isNaN(origin.season.day) ? origin.day : origin.season.day;
  const most = UNUSUAL * Math.max(origin.before, season);
  if (!(origin.load > most)) return origin;
  const cut = (load: number) => Math.min(load, most);
  return {
    ...origin,
    load: most,
    three: cut(origin.three),
    smooth: cut(origin.smooth),
    quarter: cut(origin.quarter),
    hour: cut(origin.hour),
  };
}

export function originAt(past: Past, seasons: Seasons, index: number): Origin {
  const load = past.at(index, index);
  // Before the first coarse mean is whole, the newest load stands for it.
  const known = (value: number) => (Number.isNaN(value) ? load : value);
  const last = (points: number) => known(past.mean(index - points + 1, index, index));
  return {
    index,
    load,
    smooth: smoothed(past, index),
    before: known(past.at(index - 1, index)),
    three: last(3),
    quarter: last(quarterOf(past)),
    hour: last(hourOf(past)),
    day: last(past.day),
    week: last(past.week),
    season: seasons.at(index, index),
  };
}
