import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory, parents included, before the work whose results go there.
 * @throws {Error} on one line, naming the option, when there cannot be one that can be written.
 */
export async function writableDir(option: string, dir: string): Promise<void> {
  await wanted(option, dir, 'a directory that can be written', async () => {
    await make(resolve(dir));
    await access(dir, constants.W_OK);
  });
}

/** The same for a file: its directory is there, and no directory is in its place. */
export async function writableFile(option: string, file: string): Promise<void> {
  await wanted(option, file, 'a file in a directory that can be written', async () => {
    await access(dirname(resolve(file)), constants.W_OK);
    if (await isDirectory(file)) throw Object.assign(new Error(), { code: 'EISDIR' });
  });
}

async function wanted(option: string, path: string, what: string, look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    throw new Error(`${option}: expected ${what}, got ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Not mkdir's own `recursive`: it never ends where a file system refuses with ENOENT, as /proc does. */
async function make(dir: string): Promise<void> {
  if (await isDirectory(dir)) return;
  const parent = dirname(dir);
  if (parent !== dir) await make(parent);
  await mkdir(dir);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
