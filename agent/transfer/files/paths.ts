import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Place } from './tree.ts';

const MOST_NAME = 4096;

/**
 * Where a file of a set belongs.
 * @throws {Error} when its name leads out of the place: the other agent is known, its application need not be careful
 */
export function pathOf(place: Place, name: unknown): string {
  if ('files' in place) {
    const path = typeof name === 'string' && /^\d{1,4}$/.test(name) ? place.files[Number(name)] : undefined;
    if (path === undefined)
      throw new Error(`files: expected 0 to ${place.files.length - 1}, got ${JSON.stringify(name)}`);
    return path;
  }
  const parts = typeof name === 'string' && name.length <= MOST_NAME ? name.split('/') : [''];
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\0\\]/.test(part)))
    throw new Error(`files: expected a name below ${place.directory}, got ${JSON.stringify(name)}`);
  return join(place.directory, ...parts);
}

/**
 * Sees to it that the folders between a place and a file are folders, and makes those that are missing if asked to.
 * @throws {Error} when one of them is a symbolic link, which could lead anywhere
 */
export async function checkFolders(place: Place, path: string, make: boolean): Promise<void> {
  if ('files' in place) return;
  let at = place.directory;
  for (const folder of relative(at, dirname(path)).split(sep).filter(Boolean)) {
    at = join(at, folder);
    const stat = await lstat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (stat === undefined && !make) return;
    if (stat === undefined) await mkdir(at, { mode: 0o755 });
    else if (!stat.isDirectory()) throw new Error(`${at}: expected a folder, got a file or a symbolic link`);
  }
}
