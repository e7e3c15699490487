import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REQUIREMENTS = new URL('requirements.txt', import.meta.url);
const CACHE = new URL('../../node_modules/.cache/foreshard-aws/', import.meta.url).pathname;

/** {@link pythonWith} the servers of test/aws/requirements.txt. */
export const pythonWithServers = (say: (line: string) => void): Promise<string> =>
  pythonWith(REQUIREMENTS, 'MiniStack and moto', say);

/**
 * The Python of an environment that holds exactly what a requirements file lists; made when it is missing (20 s, needs
 * PyPI).
 * @param what for people
 * @throws {Error} that says what to install when python3 (3.11 or newer) or pip is missing.
 */
export async function pythonWith(
  requirements: URL,
  what: string,
  say: (line: string) => void,
): Promise<string> {
  const wanted = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const home = join(CACHE, wanted.slice(0, 16));
  const python = join(home, 'bin', 'python');
  if (await exists(python)) return python;

  await needs(
    ['-c', 'import sys; assert sys.version_info >= (3, 11), sys.version'],
    'python3, 3.11 or newer',
  );
  await needs(['-m', 'pip', '--version'], 'pip of that python3');
  say(`installing ${what} into ${home}`);
  // Made aside and renamed when whole, so that a killed install is never taken for an environment.
  const making = `${home}.${process.pid}`;
  await mkdir(CACHE, { recursive: true });
  await rm(making, { recursive: true, force: true });
  // Debian's python3 has no ensurepip: the pip at hand installs into the new environment.
  await run('python3', ['-m', 'venv', '--without-pip', making]);
  const target = join(making, 'bin', 'python');
  await run('python3', [
    ...['-m', 'pip', '--python', target, 'install', '--quiet', '--disable-pip-version-check'],
    ...['--requirement', requirements.pathname],
  ]);
  // Another run may have made it meanwhile, and use it already.
  if (await exists(python)) await rm(making, { recursive: true, force: true });
  else {
    await rm(home, { recursive: true, force: true });
    await rename(making, home);
  }
  return python;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function needs(args: readonly string[], what: string): Promise<void> {
  try {
    await run('python3', args);
  } catch (cause) {
    throw new Error(`an environment of Python needs ${what} (Debian: apt-get install python3 python3-pip)`, {
      cause,
    });
  }
}
