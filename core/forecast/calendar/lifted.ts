import type { Seconds } from '../../time.ts';
import { LEVELS, MEDIAN } from '../forecast.ts';
import type { ShardEvent } from './events.ts';
import type { Influences } from './influences.ts';

/** Quantiles of which the median and all above it are at least the load that is expected of what is on at a time. */
export function lifted(
  quantiles: ArrayLike<number>,
  events: readonly ShardEvent[],
  target: Seconds,
  ahead: Seconds,
  influences: Influences,
): ArrayLike<number> {
  let made = quantiles;
  for (const { kind, schedule, atLeast } of events) {
    const occurrence = atLeast > 0 ? schedule.at(target) : undefined;
    if (occurrence === undefined) continue;
    const before = made;
    made = LEVELS.map((_, i) => (i >= MEDIAN ? Math.max(before[i]!, atLeast) : before[i]!));
    influences.note(`${kind} ${occurrence.name}`, before[MEDIAN]!, made[MEDIAN]!, ahead);
  }
  return made;
}
