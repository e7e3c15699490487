#!/usr/bin/env node
// The one entry point; it never moves. Plain JavaScript that old versions of Node can still read, because it says
// so when Node is too old, or goes on with the project's own Node (npm package `node`), which loads TypeScript itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const own = join(root, 'node_modules', '.bin', 'node');

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else if (existsSync(own) && !process.env.FORESHARD_NODE) {
  const child = spawn(own, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, FORESHARD_NODE: own },
  });
  // Whoever stops this process means the work: nothing goes on behind its back.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`foreshard: cannot run ${own}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
  });
} else {
  process.stderr.write(
    `foreshard: needs Node ${NEEDED} or newer, got ${process.version}; run "npm ci" in ${root}, which brings its own\n`,
  );
  process.exitCode = 1;
}
