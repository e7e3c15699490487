import { cycle, cycleShifted } from './cycle.ts';
import type { Expert } from './expert.ts';
import { lastValue } from './last-value.ts';
import { linear } from './linear.ts';
import { dayMean, hourMean, quarterMean, smoothed } from './means.ts';
import { others } from './others.ts';
import { daily, dailyRatio, dailyShifted, weekly, weeklyShifted } from './seasonal.ts';

/** Those that the mix is made of. Their order is part of the state's version. */
export const EXPERTS: readonly Expert[] = [
  lastValue,
  smoothed,
  quarterMean,
  hourMean,
  dayMean,
  daily,
  dailyShifted,
  dailyRatio,
  weekly,
  weeklyShifted,
  linear,
  cycle,
  cycleShifted,
  others,
];
