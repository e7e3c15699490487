import { InvalidArgumentError } from 'commander';
import { holidayDates, type Place, placeOf } from '../adapters/holidays/expand.ts';
import { calendarOf, type ShardCalendar } from '../core/forecast/calendar/events.ts';
import { isTimeZone } from '../core/forecast/calendar/zone.ts';
import type { Points } from '../core/forecast/series/points.ts';
import { holidaysSchema } from '../core/settings/calendar.ts';

/** An option's value: `DE-BY,FR` as places. @throws {InvalidArgumentError} */
export function placesOf(text: string): Place[] {
  try {
    return text.split(',').map((place) => placeOf(place.trim()));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(`${error.message.replace(/^holidays: /, '')}.`);
  }
}

/** An option's value. @throws {InvalidArgumentError} */
export function timeZone(text: string): string {
  if (isTimeZone(text)) return text;
  throw new InvalidArgumentError(`expected an IANA time zone such as Europe/Berlin, got '${text}'.`);
}

/** Local time, and the public holidays of all years that series may be forecast for, the same for each of them. */
export function localCalendar(
  zone: string,
  places: readonly Place[],
  series: readonly Points[],
): ShardCalendar {
  const yearAt = (time: number) => new Date(time * 1000).getUTCFullYear();
  const known = series.filter(({ times }) => times.length > 0);
  const years = {
    from: Math.min(...known.map(({ times }) => yearAt(times[0]!))),
    to: Math.max(...known.map(({ times }) => yearAt(times[times.length - 1]!))) + 1,
  };
  const holidays = places.map((place) => ({ ...place, dates: holidayDates(place, years) }));
  return calendarOf({ timeZone: zone, calendar: [], holidays: holidaysSchema.parse(holidays) }, '');
}
