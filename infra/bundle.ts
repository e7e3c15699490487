import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
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
const entryOf = (name: string) => join(ROOT, 'lambdas', name, 'handler.ts');

/**
 * Where the SDK looks for credentials when the environment has none: on a laptop or an instance. Lambda always has them
 * in the environment, so these modules, imported on demand, never are; they would add 90 KiB to each function.
 */
const ELSEWHERE = [
  ...['http', 'ini', 'login', 'process', 'sso', 'web-identity'].map(
    (from) => `@aws-sdk/credential-provider-${from}`,
  ),
  '@aws-sdk/nested-clients',
  '@smithy/credential-provider-imds',
];

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
  const missing = FUNCTIONS.filter((name) => !existsSync(entryOf(name)));
  // TODO: an error once all handlers are there.
  for (const name of missing) console.error(`WARNING: lambdas/${name}/handler.ts is missing: left out`);
  const there = FUNCTIONS.filter((name) => !missing.includes(name));
  if (there.length === 0) return new Map();
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: Object.fromEntries(there.map((name) => [`${name}/index`, entryOf(name)])),
    outdir: 'out',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // The ESM builds of the SDK shake; their CommonJS builds do not.
    mainFields: ['module', 'main'],
    // yaml offers its ESM build to browsers only.
    alias: { yaml: join(ROOT, 'node_modules/yaml/browser/index.js') },
    external: ELSEWHERE,
    // What is CommonJS all the same asks for node: modules by require, which ESM does not have.
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    // A function has its credentials in its environment; the SDK's whole chain is 100 KiB.
    alias: { '@aws-sdk/credential-provider-node': join(ROOT, 'lambdas', 'lib', 'credentials.ts') },
    minify: true,
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
  });
  const scratch = mkdtempSync(join(tmpdir(), 'foreshard-bundles-'));
  return new Map(
    outputFiles.map(({ path, contents }) => {
      const name = basename(dirname(path)) as FunctionName;
      if (contents.length > MOST_BYTES)
        throw new RangeError(
          `bundle of ${name}: expected at most ${MOST_BYTES} bytes, got ${contents.length}`,
        );
      const folder = join(scratch, name);
      mkdirSync(folder);
      writeFileSync(join(folder, 'index.mjs'), contents);
      const { inputs } = metafile.outputs[`out/${name}/index.mjs`]!;
      const sources = Object.entries(inputs)
        .filter(([source, { bytesInOutput }]) => bytesInOutput > 0 && !source.includes('node_modules'))
        .map(([source]) => source);
      return [name, { folder, bytes: contents.length, sources }];
    }),
  );
}
