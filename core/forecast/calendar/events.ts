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
  /** Whether it comes so often (daily, weekly) that the past of a season holds many of its occurrences. */
  readonly often: boolean;
  /** Expected load in the shard's unit, at least; 0: nothing is said. */
  readonly atLeast: number;
  /** What those of a kind share that have not been seen themselves: all holidays of one place. */
  readonly shared?: string;
  /** Of one that comes often and has a factor: the past was fed by this very one. Another text is another past. */
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
      ...calendar.filter(concerns).map((event) => once(event, timeZone, () => eventOf(event, offset))),
      ...holidays
        .filter((place) => concerns(place) && place.dates.length > 0)
        .map((place) => once(place, timeZone, () => holidaysOf(place, offset))),
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
    often,
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

const made = new WeakMap<object, { readonly timeZone: string; readonly event: ShardEvent }>();

/** Hundreds of shards of a service have the same events, and a forecaster each is made of them every minute. */
function once(entry: object, timeZone: string, make: () => ShardEvent): ShardEvent {
  const known = made.get(entry);
  if (known?.timeZone === timeZone) return known.event;
  const event = make();
  made.set(entry, { timeZone, event });
  return event;
}

function holidaysOf(place: HolidayPlace, offset: Offset): ShardEvent {
  const days = place.dates.map(({ date, days, name }) => {
    const local = parseStamp(date)!;
    return { name, start: fromLocal(local, offset), end: fromLocal(local + days * DAY, offset) };
  });
  return {
    kind: 'holiday',
    schedule: new Listed(days),
    learns: true,
    often: false,
    atLeast: 0,
    shared: placeName(place),
  };
}
