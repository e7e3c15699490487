import type { Settings } from '../settings/schema.ts';
import { HOUR, MINUTE, type Seconds } from '../time.ts';

/** The plan is made once per tick. */
export const TICK: Seconds = MINUTE;

/**
 * The horizons (seconds ahead of the tick) at which the planner needs forecasts, ascending: each origin's lead time
 * and what comes shortly after it, because a slice is kept or given back by what the next minutes need of it; then
 * coarse ones up to two and a half hours for the stock of stopped instances.
 */
export function planningHorizons(settings: Settings): Seconds[] {
  const { activate, warm, cold, drain } = settings.fleet.leadTimes;
  const serve = (lead: Seconds) => Math.ceil((lead + activate.seconds) / TICK) * TICK;
  const coldAt = serve(cold.seconds);
  const set = new Set<Seconds>([
    TICK,
    serve(warm.seconds),
    serve(warm.seconds) + TICK,
    coldAt,
    coldAt + Math.ceil(drain.seconds / TICK) * TICK,
    10 * MINUTE,
    20 * MINUTE,
    40 * MINUTE,
    80 * MINUTE,
    2.5 * HOUR,
  ]);
  return [...set].sort((a, b) => a - b);
}
