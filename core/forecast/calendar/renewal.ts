import type { Settings } from '../../settings/schema.ts';
import { parseStamp } from '../../settings/stamp.ts';
import { DAY, type Seconds } from '../../time.ts';
import { placeName } from './events.ts';
import { fromLocal, offsetOf } from './zone.ts';

/** So long before the last year of listed holidays ends, people are told. */
const WARNED: Seconds = 60 * DAY;

/** One line per place whose holidays are not listed, or not for much longer: the next deploy lists more. */
export function holidaysToRenew(
  { holidays, timeZone }: Pick<Settings, 'holidays' | 'timeZone'>,
  now: Seconds,
): string[] {
  return holidays.flatMap((place) => {
    const where = `holidays of ${placeName(place)}`;
    const last = place.dates.reduce((latest, { date }) => (date > latest ? date : latest), '');
    if (last === '') return [`${where}: none are listed; deploy again, or put the settings anew`];
    // Years are listed whole.
    const end = fromLocal(parseStamp(`${Number(last.slice(0, 4)) + 1}-01-01`)!, offsetOf(timeZone));
    const left = Math.max(0, Math.floor((end - now) / DAY));
    if (end - now >= WARNED) return [];
    return [`${where}: listed for ${left} days more; deploy again, or put the settings anew`];
  });
}
