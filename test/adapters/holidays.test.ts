import { describe, expect, it } from 'vitest';
import { holidayDates, placeOf, yearsAround } from '../../adapters/holidays/expand.ts';
import { listHolidays, withHolidayDates } from '../../adapters/holidays/settings.ts';
import { holidaysToRenew } from '../../core/forecast/calendar/renewal.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { DAY } from '../../core/time.ts';

const at = (stamp: string) => Date.parse(stamp) / 1000;
const only = (year: number) => ({ from: year, to: year });

const plain = `# our shop
service: shop
timeZone: Europe/Berlin
shards:
  - { name: web, capacity: { perInstance: 100 } } # one of them
fleet: { max: 10 }
`;
const file = `${plain}holidays:
  - country: DE
    state: BY
`;

describe('public holidays', () => {
  it('of a state are days of local time, in order', () => {
    const dates = holidayDates({ country: 'DE', state: 'BY' }, only(2026));
    expect(dates.slice(0, 4)).toEqual([
      { date: '2026-01-01', days: 1, name: "New Year's Day" },
      { date: '2026-01-06', days: 1, name: 'Epiphany' },
      { date: '2026-04-03', days: 1, name: 'Good Friday' },
      { date: '2026-04-06', days: 1, name: 'Easter Monday' },
    ]);
    expect(dates.map(({ date }) => date)).toEqual(dates.map(({ date }) => date).sort());
    expect(holidayDates({ country: 'DE' }, only(2026)).map(({ name }) => name)).not.toContain('Epiphany');
  });

  it('that move, last several days or are made up for', () => {
    const easter = [2024, 2025, 2026, 2027].map(
      (year) =>
        holidayDates({ country: 'FR' }, only(year)).find(({ name }) => name === 'Easter Monday')?.date,
    );
    expect(easter).toEqual(['2024-04-01', '2025-04-21', '2026-04-06', '2027-03-29']);
    const eid = holidayDates({ country: 'SA' }, only(2026)).find(({ name }) => name.includes('Fitr'));
    expect(eid?.days).toBe(4);
    const substitute = holidayDates({ country: 'US' }, only(2026)).find(({ date }) => date === '2026-07-03');
    expect(substitute?.name).toContain('Independence Day');
  });

  it('of several years, two back and two ahead', () => {
    expect(yearsAround(at('2026-11-21T23:00:00Z'))).toEqual({ from: 2024, to: 2028 });
    const years = holidayDates({ country: 'JP' }, { from: 2024, to: 2028 }).map(({ date }) =>
      date.slice(0, 4),
    );
    expect([...new Set(years)]).toEqual(['2024', '2025', '2026', '2027', '2028']);
  });

  it.each([
    ['XX', 'holidays: country: expected an ISO 3166 code such as DE, got "XX"'],
    ['DE-QQ', 'holidays: state of DE: expected one of BB, BE, BW, BY, '],
    ['DE-BY-Q', 'holidays: region of DE-BY: expected one of A, KATH, EVANG, got "Q"'],
    ['FR-75', 'holidays: state of FR: expected '],
    ['DE-BY-A-B', 'holidays: expected COUNTRY, COUNTRY-STATE or COUNTRY-STATE-REGION, got "DE-BY-A-B"'],
  ])('are refused for %s', (place, message) => {
    expect(() => placeOf(place)).toThrow(message);
  });

  it('are asked for by place', () => {
    expect([placeOf('DE'), placeOf('DE-BY'), placeOf('DE-BY-A')]).toEqual([
      { country: 'DE' },
      { country: 'DE', state: 'BY' },
      { country: 'DE', state: 'BY', region: 'A' },
    ]);
  });
});

describe('settings with holidays', () => {
  it('list the days for those who cannot look them up, and keep their comments', () => {
    const listed = listHolidays(file, only(2026), 'shop.yaml');
    expect(listed).toContain('# our shop');
    expect(listed).toContain('# one of them');
    expect(listed).toContain('- { date: 2026-01-06, days: 1, name: Epiphany }');
    expect(parseSettings(listed, 'f')).toEqual(withHolidayDates(parseSettings(file, 'f'), only(2026), 'f'));
    // Listed anew, not added to.
    expect(listHolidays(listed, only(2026), 'shop.yaml')).toBe(listed);
    expect(listHolidays(listed, only(2027), 'shop.yaml')).not.toContain('2026');
  });

  it('without any stay as they are', () => {
    expect(listHolidays(plain, only(2026), 'shop.yaml')).toBe(plain);
    const settings = parseSettings(plain, 'f');
    expect(withHolidayDates(settings, only(2026), 'f')).toBe(settings);
  });

  it('of no such place are refused, by the line of their list', () => {
    const wrong = file.replace('state: BY', 'state: QQ');
    expect(() => listHolidays(wrong, only(2026), 'shop.yaml')).toThrow(
      /^shop\.yaml: holidays\[0\]: state of DE: expected one of .*, got "QQ"$/,
    );
  });
});

describe('holidays to renew', () => {
  const settings = withHolidayDates(parseSettings(file, 'f'), { from: 2025, to: 2026 }, 'f');
  // The year ends an hour earlier in Berlin.
  const end = at('2026-12-31T23:00:00Z');

  it('are told of two months before the last year ends, and after', () => {
    expect(holidaysToRenew(settings, end - 60 * DAY)).toEqual([]);
    expect(holidaysToRenew(settings, end - 60 * DAY + 1)).toEqual([
      'holidays of DE-BY: listed for 59 days more; deploy again, or put the settings anew',
    ]);
    expect(holidaysToRenew(settings, end + DAY)[0]).toContain('listed for 0 days more');
  });

  it('are told of when none are listed at all', () => {
    expect(holidaysToRenew(parseSettings(file, 'f'), end)).toEqual([
      'holidays of DE-BY: none are listed; deploy again, or put the settings anew',
    ]);
    expect(holidaysToRenew(parseSettings(plain, 'f'), end)).toEqual([]);
  });
});
