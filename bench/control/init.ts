import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Synthesised, scratch } from './synth.ts';

const RUNS = 20;
/** Enough to see which bundles are the slow ones; these are then measured in full. */
const SCREENING = 4;
const FINAL = 3;

/**
 * Milliseconds that loading a bundle takes beyond loading an empty one: fresh Node processes on one core, the two in
 * turn, the median of 20. Of all bundles the slowest.
 */
export function slowestInit({ bundles }: Synthesised): { readonly name: string; readonly ms: number } {
  const empty = join(scratch('empty'), 'index.mjs');
  writeFileSync(empty, 'export const handler = async () => undefined;\n');
  const screened = [...bundles]
    .map(([name, { file }]) => ({ name, file, ms: overEmpty(file, empty, SCREENING) }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, FINAL);
  return screened
    .map(({ name, file }) => ({ name, ms: overEmpty(file, empty, RUNS) }))
    .reduce((worst, one) => (one.ms > worst.ms ? one : worst));
}

function overEmpty(file: string, empty: string, runs: number): number {
  const [loaded, bare]: [number[], number[]] = [[], []];
  for (let i = 0; i < runs; i++) {
    bare.push(load(empty));
    loaded.push(load(file));
  }
  return median(loaded) - median(bare);
}

function load(file: string): number {
  const began = performance.now();
  const { status, stderr, error } = spawnSync('taskset', ['-c', '0', process.execPath, file], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'bench' },
  });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`loading ${file}: expected status 0, got ${status}: ${stderr.slice(0, 500)}`);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
