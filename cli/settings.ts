import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { TableSlotMaps } from '../adapters/aws/hand-over/slot-maps.ts';
import { type DeployedSettings, SettingsMissing } from '../adapters/aws/settings-store.ts';
import { DynamoStore } from '../adapters/aws/store.ts';
import { yearsAround } from '../adapters/holidays/expand.ts';
import { listHolidays } from '../adapters/holidays/settings.ts';
import { parseSettings } from '../core/settings/parse.ts';
import { refuseDivision } from '../flows/slot-division.ts';
import { addWhere, connect, type Deployed, type Where } from './deployed.ts';
import { UsageError } from './fail.ts';
import { changeLines, changesOf } from './settings-changes.ts';

interface Options extends Where {
  readonly put?: string;
  readonly check?: string;
}

/** `foreshard settings`: prints the deployed settings, or changes them without a deploy. */
export function configure(command: Command): void {
  addWhere(command)
    .option('--put <file>', 'validate the file, say what changes, and write it')
    .option('--check <file>', 'validate the file and say what would change')
    .action(async ({ put, check, ...where }: Options) => {
      if (put !== undefined && check !== undefined)
        throw new UsageError('settings: expected --put or --check, got both');
      const file = put ?? check;
      // A wrong file is said before anything is asked of AWS.
      const text = file === undefined ? undefined : await readSettings(file);
      const deployed = await connect(where);
      if (file === undefined || text === undefined) process.stdout.write(await printed(deployed));
      else process.stdout.write(await changed(deployed, text, file, put !== undefined));
    });
}

/** Its text, with public holidays listed. @throws {SettingsError} when it is wrong, {Error} when it cannot be read. */
async function readSettings(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${file} (${error.code}): expected a settings file`);
  });
  return listHolidays(text, yearsAround(Date.now() / 1000), file);
}

/** The YAML as it was written. */
export async function printed({ settings }: Deployed): Promise<string> {
  const { text } = await settings.read();
  return text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * Says what a file changes; with `write` it does so, unless somebody else did since this read.
 * @throws {Error} for settings of another service, {SlotsDivided}, {SettingsError}, {SettingsChanged}
 */
export async function changed(
  deployed: Deployed,
  text: string,
  file: string,
  write: boolean,
): Promise<string> {
  const { service } = deployed;
  const after = parseSettings(text, file);
  if (after.service !== service)
    throw new Error(`${file}: service: expected "${service}", the deployed one, got "${after.service}"`);
  const before = await there(deployed);
  const lines = before === undefined ? ['+ all of it'] : changeLines(changesOf(before.settings, after));
  if (before?.text === text) return 'Nothing changes.\n';
  const { table, clock } = deployed;
  const ports = { slots: new TableSlotMaps(table), store: new DynamoStore(table, clock) };
  if (before !== undefined) await refuseDivision(ports, before.settings, after, file);
  // The text may differ in comments or order alone: that is worth keeping too.
  if (lines.length === 0) lines.push('Nothing changes but how it is written.');
  if (!write) return said(lines, 'Checked; nothing was written.');
  await deployed.settings.write(text, file, before?.etag);
  await deployed.syncRoutes().catch((cause) => {
    // The plan starts it too, when it sees new settings.
    throw new Error(`${file} is written, but route-sync did not start: ${cause.message}`, { cause });
  });
  return said(lines, 'Written. Target groups and rules follow now, the plan within a minute.');
}

const said = (lines: readonly string[], last: string) => `${[...lines, last].join('\n')}\n`;

/** Undefined where there are none yet. */
async function there({ settings }: Deployed): Promise<DeployedSettings | undefined> {
  try {
    return await settings.read();
  } catch (error) {
    if (error instanceof SettingsMissing) return undefined;
    throw error;
  }
}
