import { type Document, isSeq, parseDocument } from 'yaml';
import { parseSettings } from '../../core/settings/parse.ts';
import { SettingsError } from '../../core/settings/problem.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { holidayDates, type Years } from './expand.ts';

/**
 * Settings whose holidays are listed for these years, whatever dates stood there.
 * @param file its name, for messages only
 * @throws {SettingsError} for a country, state or region that there is not
 */
export function withHolidayDates(settings: Settings, years: Years, file: string): Settings {
  if (settings.holidays.length === 0) return settings;
  const holidays = settings.holidays.map((place, i) => ({
    ...place,
    dates: datesOf(settings, i, years, file),
  }));
  return { ...settings, holidays };
}

/**
 * The same in a settings file: what is deployed lists the days, since no Lambda carries the library of all countries.
 * A file without holidays stays as it is, to the letter.
 * @throws {SettingsError} for a file that is wrong
 */
export function listHolidays(text: string, years: Years, file: string): string {
  const settings = parseSettings(text, file);
  if (settings.holidays.length === 0) return text;
  const document: Document = parseDocument(text);
  const places = document.get('holidays');
  if (!isSeq(places)) throw new SettingsError([`${file}: holidays: expected a list of places`]);
  settings.holidays.forEach((_, i) => {
    const dates = datesOf(settings, i, years, file).map((date) => document.createNode(date, { flow: true }));
    document.setIn(['holidays', i, 'dates'], document.createNode(dates));
  });
  const listed = document.toString({ lineWidth: 0 });
  parseSettings(listed, file);
  return listed;
}

function datesOf({ holidays }: Settings, i: number, years: Years, file: string) {
  try {
    return holidayDates(holidays[i]!, years);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SettingsError([`${file}: holidays[${i}]: ${error.message.replace(/^holidays: /, '')}`]);
  }
}
