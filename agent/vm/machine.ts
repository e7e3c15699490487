import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** What the limits of VM shards need of the machine; tests have one in memory. Paths are absolute. */
export interface Machine {
  /** Runs a command to its end. @throws {CommandFailed} when it fails or takes longer than `timeout` (s). */
  run(command: string, args: readonly string[], timeout?: number): Promise<string>;
  /** Undefined: there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Whole or not at all, with the directories above it. */
  write(path: string, text: string): Promise<void>;
  /** Into a file of the kernel (control groups): as it is, into what is there. */
  poke(path: string, text: string): Promise<void>;
  /** Names in a directory; none where there is no such directory. */
  list(path: string): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  /** With all that is in it. Harmless when it is not there. */
  remove(path: string): Promise<void>;
  /** Bytes of the filesystem that a path is on. */
  bytesOf(path: string): Promise<number>;
}

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** Seconds that a command may take. */
const TIMEOUT = 20;
const run = promisify(execFile);

/** This machine, as root. */
export const thisMachine: Machine = {
  async run(command, args, timeout = TIMEOUT) {
    try {
      const { stdout } = await run(command, args, { timeout: timeout * 1000, env: { PATH, LC_ALL: 'C' } });
      return stdout;
    } catch (error) {
      const {
        code,
        killed,
        stderr = '',
      } = error as { code?: number | string; killed?: boolean; stderr?: string };
      const how = killed ? `not over after ${timeout} s` : `ended with ${code}`;
      const said = stderr.trim().split('\n')[0] ?? '';
      throw new CommandFailed(`${[command, ...args].join(' ')}: ${how}: ${said.slice(0, 300)}`);
    }
  },
  read: (path) => orElse(readFile(path, 'utf8'), undefined),
  async write(path, text) {
    await mkdir(dirname(path), { recursive: true });
    const half = `${path}.foreshard`;
    await writeFile(half, text);
    await rename(half, path);
  },
  poke: (path, text) => writeFile(path, text, { flag: 'r+' }),
  list: async (path) => orElse(readdir(path), []),
  makeDirectory: async (path) => void (await mkdir(path, { recursive: true })),
  remove: (path) => rm(path, { recursive: true, force: true }),
  async bytesOf(path) {
    const { blocks, bsize } = await statfs(path);
    return blocks * bsize;
  },
};

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function orElse<T, E>(work: Promise<T>, nothing: E): Promise<T | E> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A control group that has just gone answers ENODEV.
    if (code === 'ENOENT' || code === 'ENODEV') return nothing;
    throw error;
  }
}
