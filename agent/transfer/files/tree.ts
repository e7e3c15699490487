import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the state of a slot is: a directory, or some files. Absolute paths. */
export type Place = { readonly directory: string } | { readonly files: readonly string[] };

/** A regular file of the state, as it was looked at. */
export interface Found {
  /** Its name in a set: below the directory with `/`, or its place among the files. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  /** Changes when its content does, unless within one tick of the file system's clock. */
  readonly stamp: string;
  readonly changedMs: number;
}

/**
 * The regular files of a place, by name. What is missing has no files; sockets, pipes and devices are no state.
 * @throws {Error} for a symbolic link: what it leads to may be anywhere
 */
export async function filesOf(place: Place): Promise<readonly Found[]> {
  if ('directory' in place) return below(place.directory, '');
  const found = await Promise.all(place.files.map((path, i) => look(path, String(i))));
  return found.flat();
}

async function below(directory: string, prefix: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of await orNone(readdir(directory, { withFileTypes: true }), [])) {
    const path = join(directory, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await below(path, `${name}/`)));
    else if (entry.isFile() || entry.isSymbolicLink()) found.push(...(await look(path, name)));
  }
  return found;
}

async function look(path: string, name: string): Promise<Found[]> {
  const stat = await orNone(lstat(path, { bigint: true }), undefined);
  if (stat === undefined) return [];
  if (stat.isSymbolicLink())
    throw new Error(`${path}: expected files and directories only, got a symbolic link`);
  if (!stat.isFile()) return [];
  return [
    {
      name,
      path,
      size: Number(stat.size),
      mode: Number(stat.mode & 0o777n),
      stamp: `${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`,
      changedMs: Math.max(Number(stat.mtimeMs), Number(stat.ctimeMs)),
    },
  ];
}

/** Files come and go while they are looked at. */
async function orNone<T, N>(asked: Promise<T>, none: N): Promise<T | N> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none;
    throw error;
  }
}
