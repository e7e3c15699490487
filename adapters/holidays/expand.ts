import { createRequire } from 'node:module';
import type HolidaysModule from 'date-holidays';
import type { HolidayDate, HolidayPlace } from '../../core/settings/calendar.ts';

let library: typeof HolidaysModule | undefined;

/** Read only when it is needed: the rules of all countries take a fifth of a second, and most settings name none. */
function holidaysLibrary(): typeof HolidaysModule {
  library ??= createRequire(import.meta.url)('date-holidays') as typeof HolidaysModule;
  return library;
}

export type Place = Pick<HolidayPlace, 'country' | 'state' | 'region'>;

/** Years of which the holidays are listed, both included. */
export interface Years {
  readonly from: number;
  readonly to: number;
}

const MILLISECONDS_PER_DAY = 86_400_000;

/** Two years back, so that what earlier ones did can be learned, and two ahead. @param now epoch seconds */
export function yearsAround(now: number): Years {
  const year = new Date(now * 1000).getUTCFullYear();
  return { from: year - 2, to: year + 2 };
}

/**
 * The public holidays of a place, as days of local time, ascending. A part of a day counts as the whole.
 * @throws {RangeError} that names country, state or region when there is no such one
 */
export function holidayDates(place: Place, { from, to }: Years): HolidayDate[] {
  const holidays = calendarOf(place);
  const dates: HolidayDate[] = [];
  for (let year = from; year <= to; year++) {
    for (const { date, start, end, name } of holidays.getHolidays(year)) {
      const days = Math.max(1, Math.round((end.getTime() - start.getTime()) / MILLISECONDS_PER_DAY));
      dates.push({ date: date.slice(0, 10), days: Math.min(31, days), name: name.slice(0, 120) });
    }
  }
  return dates;
}

/** `DE`, `DE-BY` or `DE-BY-A` as a place. @throws {RangeError} as {@link holidayDates} does */
export function placeOf(text: string): Place {
  const [country = '', state, region, ...rest] = text.split('-');
  const place = { country, ...(state && { state }), ...(region && { region }) };
  if (rest.length > 0)
    throw new RangeError(`holidays: expected COUNTRY, COUNTRY-STATE or COUNTRY-STATE-REGION, got "${text}"`);
  calendarOf(place);
  return place;
}

function calendarOf({ country, state, region }: Place) {
  const Holidays = holidaysLibrary();
  // The library takes what it does not know for the country as a whole, or for a country without holidays.
  const all = new Holidays();
  expectOne('country', country, all.getCountries());
  if (state !== undefined) expectOne('state', state, all.getStates(country), country);
  if (region !== undefined)
    expectOne('region', region, all.getRegions(country, state ?? ''), `${country}-${state}`);
  return new Holidays(
    { country, ...(state && { state }), ...(region && { region }) },
    { languages: 'en', types: ['public'] },
  );
}

function expectOne(
  field: string,
  value: string,
  known: Record<string, string> | null | undefined,
  of?: string,
): void {
  if (known && Object.hasOwn(known, value)) return;
  const codes = Object.keys(known ?? {});
  const bound =
    codes.length === 0
      ? 'none, there are none'
      : codes.length > 40
        ? 'an ISO 3166 code such as DE'
        : `one of ${codes.join(', ')}`;
  throw new RangeError(
    `holidays: ${field}${of === undefined ? '' : ` of ${of}`}: expected ${bound}, got "${value}"`,
  );
}
