import type { TestProject } from 'vitest/node';
import { pythonWithServers } from '../aws/python.ts';
import { image, metadataMock } from './rig/cache.ts';
import { lacking } from './rig/needs.ts';
import type { Prepared } from './rig/rig.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Absent where hosts cannot be had. */
    prepared: Prepared | null;
  }
}

/** Global set-up of test:hosts: what all hosts are made of. */
export default async function setup({ provide }: TestProject): Promise<void> {
  const say = (line: string) => console.error(line);
  const needs = await lacking(say);
  if (needs !== undefined) {
    console.error(`test:hosts is skipped: it needs ${needs}`);
    provide('prepared', null);
    return;
  }
  const [made, mock, python] = await Promise.all([image(say), metadataMock(say), pythonWithServers(say)]);
  provide('prepared', { image: made, mock, python });
}
