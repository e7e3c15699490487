import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { type Architecture, runtime } from './runtime.ts';

const ROOT = resolve(import.meta.dirname, '..');
const INSTALL = join(import.meta.dirname, 'install');

/**
 * Writes the agent and what installs it into a folder: agent.mjs, foreshard-agent, its unit, install.sh. The same
 * sources give the same bytes. The runtime is not among them; see {@link runtime}.
 */
export function bundleAgent(folder: string): void {
  mkdirSync(folder, { recursive: true });
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['agent/main.ts'],
    outfile: join(folder, 'agent.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    // yaml offers its ESM build to browsers only.
    alias: { yaml: join(ROOT, 'node_modules/yaml/browser/index.js') },
    // What is CommonJS all the same asks for node: modules by require, which ESM does not have.
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  cpSync(INSTALL, folder, { recursive: true });
}

/** `node agent/bundle.ts FOLDER [x64|arm64]`: all that an image's build needs; run FOLDER/install.sh there as root. */
if (import.meta.main) {
  const [folder, architecture = process.arch] = process.argv.slice(2);
  if (folder === undefined || !['x64', 'arm64'].includes(architecture)) {
    process.stderr.write('usage: node agent/bundle.ts FOLDER [x64|arm64]\n');
    process.exit(2);
  }
  bundleAgent(folder);
  copyFileSync(runtime(architecture as Architecture), join(folder, 'node'));
}
