import { LEAD_FEATURES } from '../indicators/lead-lag.ts';
import type { Moment } from './moment.ts';

/** Numbers that {@link features} gives. */
export const FEATURES = 15 + LEAD_FEATURES;

const most = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));

/**
 * What the linear model sees of a moment: all in the load's unit and as differences to the newest load, so that no
 * weight at all means that the load stays as it is. What is not known is 0.
 */
export function features({ origin, season, level, leading }: Moment, into: Float64Array): Float64Array {
  const now = origin.load;
  const over = (value: number) => (Number.isNaN(value) ? 0 : value - now);
  const between = (there: number, here: number) =>
    Number.isNaN(there) || Number.isNaN(here) ? 0 : there - here;
  const daily = between(season.day, origin.season.day);
  into[0] = level;
  into[1] = origin.before - now;
  into[2] = origin.three - now;
  into[3] = origin.quarter - now;
  into[4] = origin.hour - now;
  into[5] = origin.day - now;
  into[6] = origin.week - now;
  into[7] = daily;
  into[8] = between(season.lastDay, origin.season.lastDay);
  into[9] = Number.isNaN(season.week) ? daily : between(season.week, origin.season.week);
  into[10] = over(season.day);
  into[11] = Number.isNaN(season.week) ? over(season.day) : over(season.week);
  into[12] = over(season.sharp);
  into[13] = origin.season.day > 0 ? now * most(daily / origin.season.day, -0.8, 2) : 0;
  into[14] = now;
  for (let i = 0; i < LEAD_FEATURES; i++) into[15 + i] = (leading[i] ?? 0) * level;
  return into;
}
