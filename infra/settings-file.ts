import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { yearsAround } from '../adapters/holidays/expand.ts';
import { listHolidays } from '../adapters/holidays/settings.ts';
import { parseSettings } from '../core/settings/parse.ts';
import type { Settings } from '../core/settings/schema.ts';

/** Settings as they are deployed. */
export interface SettingsFile {
  readonly settings: Settings;
  /** Where their text is. */
  readonly path: string;
}

/**
 * Reads settings, with public holidays listed for two years back and ahead: a file without them is deployed as it is,
 * one with them as a copy that changes with the first deploy of a year.
 * @throws {SettingsError} with all that is wrong
 */
export function readSettingsFile(path: string): SettingsFile {
  const text = readFileSync(path, 'utf8');
  const listed = listHolidays(text, yearsAround(Date.now() / 1000), path);
  const settings = parseSettings(listed, path);
  if (listed === text) return { settings, path };
  const copy = join(mkdtempSync(join(tmpdir(), 'foreshard-settings-')), 'settings.yaml');
  writeFileSync(copy, listed);
  return { settings, path: copy };
}
