import type { Settings } from '../settings/schema.ts';
import { HOUR, MINUTE, type Seconds } from '../time.ts';

/** The plan is made once per tick. */
export const TICK: Seconds = MINUTE;

/** Lead times in whole ticks, as the planner counts them. */
export interface Leads {
  /** From the decision until a ready slice serves. */
  readonly activate: number;
  /** From the decision until a stopped instance serves. */
  readonly start: number;
  /** From the decision until a newly launched instance serves. */
  readonly cold: number;
  /** From the decision until a released slice is free again. */
  readonly drain: number;
  /** Ticks ahead that are weighed one by one. */
  readonly ticks: number;
}

export function leadsOf(settings: Settings): Leads {
  const { activate, warm, cold, drain } = settings.fleet.leadTimes;
  const ticks = (seconds: Seconds) => Math.round(seconds / TICK);
  const start = Math.max(1, ticks(warm.seconds + activate.seconds));
  return {
    activate: ticks(activate.seconds),
    start,
    cold: Math.max(start, ticks(cold.seconds + activate.seconds)),
    drain: Math.max(1, ticks(drain.seconds)),
    ticks: Math.max(LOOK_AHEAD_TICKS, start + LOOK_BEYOND, ticks(activate.seconds) + LOOK_BEYOND),
  };
}

/** Fewest ticks ahead that decide whether a slice is kept, given back or started. */
export const LOOK_AHEAD_TICKS = 11;
/** What comes in as many ticks after a slice could serve decides whether it is worth it. */
const LOOK_BEYOND = 8;

/** Minutes ahead at which the stock of stopped instances is weighed. */
const STOCK_MINUTES = [20, 40, 80];

/**
 * The horizons (seconds ahead of the tick, ascending; the load of the minute that begins then) at which the planner
 * needs forecasts: now, each lead time, what comes shortly after it, because a slice is kept or given back by what
 * the next minutes need of it, and coarse ones up to two and a half hours for the stock of stopped instances.
 */
export function planningHorizons(settings: Settings): Seconds[] {
  const { activate, start, cold, ticks: last } = leadsOf(settings);
  const ticks = [0, 1, 2, activate, start, start + 1, cold, 7, last];
  const set = new Set([...ticks.map((n) => n * TICK), ...STOCK_MINUTES.map((n) => n * MINUTE), 2.5 * HOUR]);
  return [...set].sort((a, b) => a - b);
}
