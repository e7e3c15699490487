import { mean, SUSTAINED } from '../../core/forecast/emerging/outlook.ts';

/** A key that deserves a shard from an hour on. */
export interface Crossing {
  readonly key: number;
  /** Index of the first of {@link SUSTAINED} hours in which its mean load is above the threshold. */
  readonly hour: number;
}

/** Hours without such load after which it is new: not each Monday, after a weekend. */
const APART = 168;
/** Hours of the shard's load that a share is of; fewer at the beginning say nothing. */
const DAY = 24;

/** Share of the shard's load of the day before that deserves a shard, in load, hour by hour; `NaN` on the first day. */
export function thresholds(hours: readonly (readonly number[])[], share: number): number[] {
  const count = hours[0]?.length ?? 0;
  const totals = Array.from({ length: count }, (_, h) => hours.reduce((sum, one) => sum + (one[h] || 0), 0));
  return totals.map((_, h) => (h < DAY ? Number.NaN : share * mean(totals, h - DAY, h)));
}

/**
 * What came true: a key crosses at an hour in which its load, and the mean of that and the five hours after it, are at least the
 * threshold, where it did not in the week before. What was large on the first day is not new.
 */
export function crossingsOf(hours: readonly (readonly number[])[], threshold: readonly number[]): Crossing[] {
  return hours.flatMap((loads, key) => {
    const found: Crossing[] = [];
    // Whether it is large on the first day is seen with the first threshold that there is.
    let last = Number.NEGATIVE_INFINITY;
    const first = threshold.findIndex((one) => one > 0);
    for (let hour = 0; hour + SUSTAINED <= loads.length; hour++) {
      const bar = threshold[Math.max(hour, first)]!;
      if (!(loads[hour]! >= bar && mean(loads, hour, hour + SUSTAINED) >= bar)) continue;
      if (hour >= first && hour - last > APART) found.push({ key, hour });
      last = hour;
    }
    return found;
  });
}
