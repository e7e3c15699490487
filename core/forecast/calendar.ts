import type { Settings } from '../settings/schema.ts';
import { DAY, type Seconds, WEEK } from '../time.ts';
import { LEVELS, MEDIAN } from './forecast.ts';

export type CalendarEvent = Settings['calendar'][number];

/** One occurrence rule of an event for one shard, with times as numbers. */
export interface Occasion {
  readonly name: string;
  readonly start: Seconds;
  readonly end: Seconds;
  /** Seconds after which it comes again; 0 = never. A year counts 365 days. */
  readonly every: Seconds;
  readonly factor: number;
  readonly atLeast: number;
}

const EVERY = { never: 0, daily: DAY, weekly: WEEK, yearly: 365 * DAY } as const;

/** The events that concern a shard. @param parse turns ISO 8601 with offset into epoch seconds. */
export function occasionsOf(
  shard: string,
  calendar: readonly CalendarEvent[],
  parse: (stamp: string) => Seconds,
): Occasion[] {
  return calendar
    .filter((event) => event.shards === undefined || event.shards.includes(shard))
    .map((event) => ({
      name: event.name,
      start: parse(event.start),
      end: parse(event.end),
      every: EVERY[event.repeat],
      factor: event.factor ?? 1,
      atLeast: event.load ?? 0,
    }));
}

export function isOn(occasion: Occasion, at: Seconds): boolean {
  if (at < occasion.start) return false;
  const since = occasion.every > 0 ? (at - occasion.start) % occasion.every : at - occasion.start;
  return since < occasion.end - occasion.start;
}

/**
 * Forecast quantiles with what the calendar adds: an event that begins between the newest point and the target
 * multiplies the load, one that ends divides it again (the newest point has it in already); `atLeast` lifts the
 * median and all above it.
 */
export function withCalendar(
  quantiles: readonly number[],
  occasions: readonly Occasion[],
  knownUntil: Seconds,
  target: Seconds,
): readonly number[] {
  let factor = 1;
  let atLeast = 0;
  for (const occasion of occasions) {
    const then = isOn(occasion, target);
    if (then !== isOn(occasion, knownUntil)) {
      if (then) factor *= occasion.factor;
      // A closing (factor 0) leaves nothing to divide: what comes after it is left to the season.
      else if (occasion.factor > 0) factor /= occasion.factor;
    }
    if (then) atLeast = Math.max(atLeast, occasion.atLeast);
  }
  if (factor === 1 && atLeast === 0) return quantiles;
  return LEVELS.map((_, i) => {
    const load = quantiles[i]! * factor;
    return i >= MEDIAN ? Math.max(load, atLeast) : load;
  });
}
