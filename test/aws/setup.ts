import type { TestProject } from 'vitest/node';
import { startServers, type Where } from './servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    where: Where;
  }
}

/** Global set-up of test:aws: both servers run while the test files do. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const { ministack, moto, folder, stop } = await startServers();
  provide('where', { ministack, moto, folder });
  return stop;
}
