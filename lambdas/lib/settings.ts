import { SettingsStore } from '../../adapters/aws/settings-store.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Variables } from '../environment.ts';
import { s3Client } from './clients.ts';

/** The settings, apart from `wiring.ts` because a bundle that reads them holds a parser of YAML. */
export const settingsStoreOf = ({ BUCKET }: Pick<Variables, 'BUCKET'>) =>
  new SettingsStore(s3Client(), BUCKET);

/** The deployed settings as of each call: read again only when they have changed. */
export function settingsOf(env: Pick<Variables, 'BUCKET'>): () => Promise<Settings> {
  const store = settingsStoreOf(env);
  return async () => (await store.read()).settings;
}
