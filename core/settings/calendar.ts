import { closest } from 'fastest-levenshtein';
import * as z from 'zod';
import { isTimeZone } from '../forecast/calendar/zone.ts';
import { DAY, type Seconds } from '../time.ts';
import { NAME } from './name.ts';
import { type Path, type Problem, show } from './problem.ts';
import { parseStamp } from './stamp.ts';

const shards = z.array(z.string().regex(NAME)).min(1).optional().describe('Default: all.');

/** Where local time is that of: days, weeks and what comes again are counted in it. */
export const timeZoneSchema = z
  .string()
  .min(1)
  .max(60)
  .default('UTC')
  .describe(
    'IANA zone, e.g. Europe/Berlin, of the users: seasons, holidays and what comes again follow its clock.',
  );

/** Events that are known beforehand. */
export const calendarSchema = z
  .array(
    z.strictObject({
      name: z
        .string()
        .min(1)
        .max(80)
        .describe('What it is, for people. Events of one name learn from each other.'),
      shards,
      start: z.iso.datetime({ offset: true }).describe('ISO 8601 with offset.'),
      end: z.iso.datetime({ offset: true }).describe('ISO 8601 with offset, after `start`.'),
      factor: z
        .number()
        .min(0)
        .max(1000)
        .optional()
        .describe(
          'Expected load as a multiple of the usual; 0: closed. Default: what earlier occurrences did.',
        ),
      load: z.number().min(0).optional().describe('Expected load in the shard’s unit, at least.'),
      repeat: z
        .enum(['never', 'daily', 'weekly', 'monthly', 'yearly'])
        .default('never')
        .describe('How often it comes again, at the same local time; monthly and yearly by date.'),
    }),
  )
  .default([])
  .describe(
    'Events that are known beforehand; one that comes once and has no namesake has a factor, a load, or both.',
  );

/** Public holidays, by place. */
export const holidaysSchema = z
  .array(
    z.strictObject({
      country: z
        .string()
        .regex(/^[A-Z]{2}$/, 'two capital letters such as DE')
        .describe('ISO 3166 code of the country.'),
      state: z
        .string()
        .min(1)
        .max(10)
        .optional()
        .describe('State, e.g. BY for Bavaria. Default: what all have.'),
      region: z.string().min(1).max(10).optional().describe('Region of the state.'),
      shards,
      dates: z
        .array(
          z.strictObject({
            date: z.iso.date().describe('First day, in local time.'),
            days: z.int().min(1).max(31).default(1).describe('Number of days.'),
            name: z.string().min(1).max(120).describe('Name of the holiday.'),
          }),
        )
        .max(2000)
        .default([])
        .describe('The days: filled in whenever settings are deployed, whatever stands here.'),
    }),
  )
  .max(50)
  .default([])
  .describe('Public holidays: what they do to the load is learned.');

export type CalendarEvent = z.infer<typeof calendarSchema>[number];
export type HolidayPlace = z.infer<typeof holidaysSchema>[number];
export type HolidayDate = HolidayPlace['dates'][number];

interface Calendar {
  readonly timeZone: string;
  readonly calendar: readonly CalendarEvent[];
  readonly holidays: readonly HolidayPlace[];
  readonly shards: readonly { readonly name: string }[];
}

/** A month has at least 28 days. */
const PERIODS: Readonly<Record<string, Seconds>> = {
  daily: DAY,
  weekly: 7 * DAY,
  monthly: 28 * DAY,
  yearly: 365 * DAY,
};

/** What must hold between the fields of the calendar. */
export function calendarProblems({ timeZone, calendar, holidays, shards }: Calendar): Problem[] {
  const names = shards.map((shard) => shard.name);
  return [
    ...(isTimeZone(timeZone)
      ? []
      : [
          {
            path: ['timeZone'],
            expected: 'an IANA time zone such as Europe/Berlin',
            got: show(timeZone),
          },
        ]),
    ...calendar.flatMap((event, i) => [
      ...strangers(event.shards, names, ['calendar', i, 'shards']),
      ...eventProblems(event, i, calendar),
    ]),
    ...holidays.flatMap((place, i) => strangers(place.shards, names, ['holidays', i, 'shards'])),
  ];
}

function strangers(given: readonly string[] = [], names: readonly string[], path: Path): Problem[] {
  return given.flatMap((shard, k) => {
    if (names.includes(shard)) return [];
    const expected = `a shard of this file, the nearest is "${closest(shard, [...names])}"`;
    return [{ path: [...path, k], expected, got: show(shard) }];
  });
}

function eventProblems(event: CalendarEvent, i: number, all: readonly CalendarEvent[]): Problem[] {
  const at = (...rest: (string | number)[]): Path => ['calendar', i, ...rest];
  const problems: Problem[] = [];
  const alone = event.repeat === 'never' && !all.some((other, k) => k !== i && other.name === event.name);
  if (event.factor === undefined && event.load === undefined && alone) {
    const expected = 'a factor or a load';
    problems.push({ path: at(), expected, got: 'neither, and nothing that it could be learned from' });
  }
  const [start, end] = [parseStamp(event.start), parseStamp(event.end)];
  const period = PERIODS[event.repeat];
  if (start === undefined || end === undefined || end <= start) {
    problems.push({ path: at('end'), expected: `a time after start (${event.start})`, got: event.end });
  } else if (period !== undefined && end - start > period) {
    const expected = `at most ${period} s after start, because it comes ${event.repeat}`;
    problems.push({ path: at('end'), expected, got: `${end - start} s` });
  }
  return problems;
}
