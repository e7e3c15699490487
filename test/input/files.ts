import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'foreshard-input-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let next = 0;

/** Writes a file for one test and returns its path; the folder goes away after the test file. */
export function fileOf(content: string | Buffer, name = 'load.csv'): string {
  const path = join(dir, `${next++}-${name}`);
  writeFileSync(path, content);
  return path;
}

export function gzipped(content: string): string {
  return fileOf(gzipSync(content), 'load.csv.gz');
}

/** The message of the error that `read` gives for a file, with the path cut down to `FILE`. */
export async function messageOf(read: (path: string) => Promise<unknown>, path: string): Promise<string> {
  try {
    await read(path);
  } catch (error) {
    if ((error as Error).name !== 'InputError') throw error;
    return (error as Error).message.replace(path, 'FILE');
  }
  return 'no error';
}
