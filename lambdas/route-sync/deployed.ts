import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { SettingsMissing } from '../../adapters/aws/settings-store.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { deployedHash, writeDeployedHash } from './state.ts';
import type { SyncParts } from './wiring.ts';

/**
 * Brings the settings file of a deploy into the service's bucket, if it is another one than at the deploy before:
 * what was changed since by `foreshard settings` is kept by deploys that have nothing new to say.
 * @throws {SettingsError} for a file that is wrong; {RangeError} when it is another service's
 */
export async function bringSettings(
  parts: Pick<SyncParts, 's3' | 'table' | 'settings'>,
  service: string,
  asset: { readonly bucket: string; readonly key: string },
): Promise<'written' | 'kept'> {
  const { s3, table, settings } = parts;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: asset.bucket, Key: asset.key }));
  const text = (await Body?.transformToString('utf-8')) ?? '';
  const hash = createHash('sha256').update(text).digest('hex');
  if ((await deployedHash(table)) === hash && (await isThere(settings))) return 'kept';
  const file = `s3://${asset.bucket}/${asset.key}`;
  const named = parseSettings(text, file).service;
  if (named !== service) throw new RangeError(`${file}: service: expected ${service}, got ${named}`);
  await settings.write(text, file);
  await writeDeployedHash(table, hash);
  return 'written';
}

async function isThere(settings: SyncParts['settings']): Promise<boolean> {
  try {
    await settings.read();
    return true;
  } catch (error) {
    if (error instanceof SettingsMissing) return false;
    throw error;
  }
}
