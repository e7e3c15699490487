import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { TableSlotMaps } from '../../adapters/aws/hand-over/slot-maps.ts';
import { SettingsMissing } from '../../adapters/aws/settings-store.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { SettingsError } from '../../core/settings/problem.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { refuseDivision } from '../../flows/slot-division.ts';
import { deployedHash, writeDeployedHash } from './state.ts';
import type { SyncParts } from './wiring.ts';

/**
 * Brings the settings file of a deploy into the service's bucket, if it is another one than at the deploy before:
 * what was changed since by `foreshard settings` is kept by deploys that have nothing new to say.
 * @throws {SettingsError} for a file that is wrong; {RangeError} when it is another service's; {SlotsDivided}
 */
export async function bringSettings(
  parts: Pick<SyncParts, 's3' | 'table' | 'settings' | 'clock'>,
  service: string,
  asset: { readonly bucket: string; readonly key: string },
): Promise<'written' | 'kept'> {
  const { s3, table, settings, clock } = parts;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: asset.bucket, Key: asset.key }));
  const text = (await Body?.transformToString('utf-8')) ?? '';
  const hash = createHash('sha256').update(text).digest('hex');
  const before = await currentOf(settings);
  if ((await deployedHash(table)) === hash && before !== undefined) return 'kept';
  const file = `s3://${asset.bucket}/${asset.key}`;
  const after = parseSettings(text, file);
  if (after.service !== service)
    throw new RangeError(`${file}: service: expected ${service}, got ${after.service}`);
  const ports = { slots: new TableSlotMaps(table), store: new DynamoStore(table, clock) };
  if (before !== undefined) await refuseDivision(ports, before, after, file);
  await settings.write(text, file);
  await writeDeployedHash(table, hash);
  return 'written';
}

/** Undefined: there are none, or wrong ones, which are replaced. */
async function currentOf(settings: SyncParts['settings']): Promise<Settings | undefined> {
  try {
    return (await settings.read()).settings;
  } catch (error) {
    if (error instanceof SettingsMissing || error instanceof SettingsError) return undefined;
    throw error;
  }
}
