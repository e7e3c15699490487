import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

/**
 * `node infra/bundle-build.ts FOLDER NAME…`: bundles handlers into FOLDER/NAME/index.mjs and prints, as JSON, which of
 * our own sources are in which bundle. A process of its own, because constructs are synchronous and esbuild's plugins
 * are not; bundle.ts calls it.
 */

const ROOT = resolve(import.meta.dirname, '..');

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

/**
 * The SDK describes every shape of a service by a literal with computed keys, `{ [_xN]: _iS }`, whose names are constants
 * of the same file. A bundler must keep such a literal, since computing a key might have effects: all 4,000 shapes of
 * EC2 (530 KiB) for the sake of four calls. With the keys written out only what is used is left.
 */
const shakeable: Plugin = {
  name: 'shakeable-shapes',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const names = new Map(
        [...source.matchAll(/^const (_\w+) = ("[^"\n]*");$/gm)].map(([, id, text]) => [id, text]),
      );
      return {
        contents: source.replace(/\[(_\w+)\]:/g, (key, id) => (names.has(id) ? `${names.get(id)}:` : key)),
      };
    });
  },
};

const [folder, ...names] = process.argv.slice(2) as [string, ...string[]];
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: Object.fromEntries(
    names.map((name) => [`${name}/index`, join('lambdas', name, 'handler.ts')]),
  ),
  outdir: folder,
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
  plugins: [shakeable],
  // What is CommonJS all the same asks for node: modules by require, which ESM does not have.
  banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
const sources = Object.values(metafile.outputs).flatMap(({ entryPoint, inputs }) => {
  const own = Object.entries(inputs).filter(
    ([path, { bytesInOutput }]) => bytesInOutput > 0 && !path.includes('node_modules'),
  );
  return entryPoint === undefined ? [] : [[entryPoint.split('/')[1]!, own.map(([path]) => path)]];
});
console.log(JSON.stringify(Object.fromEntries(sources)));
