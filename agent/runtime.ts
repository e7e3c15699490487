import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Of the hosts, as Node.js names them. */
export type Architecture = 'x64' | 'arm64';

const ROOT = resolve(import.meta.dirname, '..');
const CACHE = join(ROOT, 'node_modules/.cache/foreshard-agent');

/** The version that this repository itself runs on. */
export function runtimeVersion(): string {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules/node/package.json'), 'utf8')).version;
}

/**
 * The Node.js of the hosts, one executable. On Linux of the same architecture it is the one that `npm ci` has brought,
 * else it is fetched from the registry, once.
 * @returns its path
 * @throws {Error} that names what could not be fetched
 */
export function runtime(architecture: Architecture): string {
  if (process.platform === 'linux' && process.arch === architecture)
    return join(ROOT, 'node_modules/node/bin/node');
  const name = `node-linux-${architecture}`;
  return cached(`${name}-v${runtimeVersion()}`, (file, scratch) => {
    fetched(`${name}@${runtimeVersion()}`, scratch);
    copyFileSync(join(scratch, 'package/bin/node'), file);
  });
}

/** The same, compressed: a third of the bytes, and unpacked with what every Linux has. @returns its path */
export function packedRuntime(architecture: Architecture): string {
  return cached(`node-linux-${architecture}-v${runtimeVersion()}.gz`, (file) =>
    writeFileSync(file, gzipSync(readFileSync(runtime(architecture)), { level: 6 })),
  );
}

function fetched(spec: string, scratch: string): void {
  try {
    const said = execFileSync('npm', ['pack', '--json', '--pack-destination', scratch, spec], {
      cwd: scratch,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    execFileSync('tar', ['-xzf', JSON.parse(said)[0].filename], { cwd: scratch });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new Error(`${spec}: expected it from the npm registry, got ${said || (error as Error).message}`);
  }
}

/** A file that is made once, whole or not at all. */
function cached(name: string, make: (file: string, scratch: string) => void): string {
  const file = join(CACHE, name);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'making-'));
  try {
    const made = join(scratch, 'made');
    make(made, scratch);
    renameSync(made, file);
    return file;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
