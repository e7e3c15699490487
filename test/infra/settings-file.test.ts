import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSettingsFile } from '../../infra/settings-file.ts';
import { MINIMAL, settingsFile } from './synth.ts';

describe('settings as they are deployed', () => {
  it('are the file itself where there are no holidays', () => {
    const file = settingsFile(MINIMAL);
    expect(readSettingsFile(file).path).toBe(file);
  });

  it('list the holidays of this year, two years back and two ahead', () => {
    const file = settingsFile(`${MINIMAL}holidays: [{ country: FR }]\n`);
    const { settings, path } = readSettingsFile(file);
    const year = new Date().getUTCFullYear();
    const years = [...new Set(settings.holidays[0]!.dates.map(({ date }) => Number(date.slice(0, 4))))];
    expect(years).toEqual([-2, -1, 0, 1, 2].map((offset) => year + offset));
    expect(readFileSync(path, 'utf8')).toContain(`{ date: ${year}-07-14, days: 1, name: Bastille Day }`);
    expect(readFileSync(file, 'utf8')).not.toContain('dates');
  });

  it('of a wrong file are refused with its name and line', () => {
    const file = settingsFile(MINIMAL.replace('max: 20', 'max: 0'));
    expect(() => readSettingsFile(file)).toThrow(`${file}:`);
  });
});
