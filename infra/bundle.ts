import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FunctionName } from '../lambdas/environment.ts';
import { FUNCTIONS } from './names.ts';

/** What one function is deployed as. */
export interface Bundle {
  /** Folder with one file, `index.mjs`. */
  readonly folder: string;
  readonly bytes: number;
  /** Our own sources of which something is in it, from the repository's root. */
  readonly sources: readonly string[];
}

/** A function starts slowly when it has much to load. */
export const MOST_BYTES = 1024 * 1024;

const ROOT = resolve(import.meta.dirname, '..');

let built: ReadonlyMap<FunctionName, Bundle> | undefined;

/**
 * All handlers, bundled with what they use of the SDK in one call of esbuild; once per process. The same sources give
 * the same bytes, so that a deploy without a change uploads nothing.
 * @throws {RangeError} that names a handler which is missing, or a bundle above {@link MOST_BYTES}.
 */
export function bundles(): ReadonlyMap<FunctionName, Bundle> {
  built ??= build();
  return built;
}

function build(): ReadonlyMap<FunctionName, Bundle> {
  const missing = FUNCTIONS.filter((name) => !existsSync(join(ROOT, 'lambdas', name, 'handler.ts')));
  if (missing.length > 0)
    throw new RangeError(`lambdas: expected a handler.ts in each folder, got none in ${missing.join(', ')}`);
  const scratch = mkdtempSync(join(tmpdir(), 'foreshard-bundles-'));
  // The assembly has copies by then.
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const script = join(import.meta.dirname, 'bundle-build.ts');
  const said = execFileSync(process.execPath, [script, scratch, ...FUNCTIONS], {
    encoding: 'utf8',
    // Nothing of the caller's environment, so that it cannot change the bytes; and esbuild, written in Go, collects its
    // garbage less often: a third less work.
    env: { GOGC: '400' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const sources: Readonly<Record<string, readonly string[]>> = JSON.parse(said);
  return new Map(
    FUNCTIONS.map((name) => {
      const folder = join(scratch, name);
      const bytes = statSync(join(folder, 'index.mjs')).size;
      if (bytes > MOST_BYTES)
        throw new RangeError(`bundle of ${name}: expected at most ${MOST_BYTES} bytes, got ${bytes}`);
      return [name, { folder, bytes, sources: sources[name]! }];
    }),
  );
}
