import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel freezes what it can reach at once; a process in an uninterruptible call keeps it waiting. */
const LOOKS = 50;
const BETWEEN_MS = 20;

/** Looks until it is so. @throws {Error} naming what was waited for, after a second. */
export async function untilSo(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < LOOKS; i++) {
    if (await look()) return;
    await sleep(BETWEEN_MS);
  }
  throw new Error(`expected that ${what} within ${(LOOKS * BETWEEN_MS) / 1000} s, it is not`);
}
