import { inject } from 'vitest';
import { REGION, ROOT } from './servers.ts';

/** What an SDK client needs to speak to one of the servers, as the account's root. */
export const connection = (server: 'ministack' | 'moto') => ({
  endpoint: inject('where')[server],
  region: REGION,
  credentials: ROOT,
});
