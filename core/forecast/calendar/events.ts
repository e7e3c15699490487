import type { HolidayPlace } from '../../settings/calendar.ts';
import type { Settings } from '../../settings/schema.ts';
import { parseStamp } from '../../settings/stamp.ts';
import { DAY, type Seconds } from '../../time.ts';
import { Listed, Recurring, type Schedule } from './schedule.ts';
import { fromLocal, type Offset, offsetOf } from './zone.ts';

/** Something that is on at times, and moves the load of a shard then. */
export interface ShardEvent {
  readonly kind: 'event' | 'holiday';
  readonly schedule: Schedule;
  /** Expected load as a multiple of the usual, as far as somebody said it; 0: closed. */
  readonly factor?: number;
  /** Whether what its occurrences did counts too. */
  readonly learns: boolean;
  /** Expected load in the shard's unit, at least; 0: nothing is said. */
  readonly atLeast: number;
  /** What those of a kind share that have not been seen themselves: all holidays of one place. */
  readonly shared?: string;
  /**
   * What of it a season learns: set where it comes so often that the past holds many of its occurrences, fed by this
   * very factor. Another text is another past.
   */
  readonly fedAs?: string;
  /** When it came first. */
  readonly first?: Seconds;
}

/** What a service's calendar says of one shard. */
export interface ShardCalendar {
  readonly offset: Offset;
  readonly events: readonly ShardEvent[];
}

/** The events and holidays that concern a shard, in local time of the service. */
export function calendarOf(
  { timeZone, calendar, holidays }: Pick<Settings, 'timeZone' | 'calendar' | 'holidays'>,
  shard: string,
): ShardCalendar {
  const offset = offsetOf(timeZone);
  const concerns = ({ shards }: { readonly shards?: readonly string[] | undefined }) =>
    shards === undefined || shards.includes(shard);
  return {
    offset,
    events: [
      ...calendar.filter(concerns).map((event) => eventOf(event, offset)),
      ...holidays
        .filter((place) => concerns(place) && place.dates.length > 0)
        .map((place) => holidaysOf(place, timeZone, offset)),
    ],
  };
}

function eventOf(event: Settings['calendar'][number], offset: Offset): ShardEvent {
  const { name, start, end, repeat, factor, load = 0 } = event;
  const first = { name, start: parseStamp(start)!, end: parseStamp(end)! };
  const often = repeat === 'daily' || repeat === 'weekly';
  return {
    kind: 'event',
    schedule: new Recurring(first, repeat, offset),
    ...(factor !== undefined && { factor }),
    // An event of which only a load is said does nothing else.
    learns: factor !== undefined || load === 0,
    atLeast: load,
    ...(often && factor !== undefined && { fedAs: [name, start, end, repeat, factor].join(' ') }),
    first: first.start,
  };
}

/** The name of a place, such as `DE-BY`. */
export function placeName({
  country,
  state,
  region,
}: Pick<HolidayPlace, 'country' | 'state' | 'region'>): string {
  return [country, state, region].filter((part) => part !== undefined).join('-');
}

/** Hundreds of shards of a service have the same holidays. */
const listed = new WeakMap<HolidayPlace, { readonly timeZone: string; readonly event: ShardEvent }>();

function holidaysOf(place: HolidayPlace, timeZone: string, offset: Offset): ShardEvent {
  const known = listed.get(place);
  if (known?.timeZone === timeZone) return known.event;
  const days = place.dates.map(({ date, days, name }) => {
    const local = parseStamp(date)!;
    return { name, start: fromLocal(local, offset), end: fromLocal(local + days * DAY, offset) };
  });
  const event: ShardEvent = {
    kind: 'holiday',
    schedule: new Listed(days),
    learns: true,
    atLeast: 0,
    shared: placeName(place),
  };
  listed.set(place, { timeZone, event });
  return event;
}
