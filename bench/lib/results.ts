import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What every bench leaves behind with `--json FILE`. */
export interface BenchResult {
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: readonly object[];
}

/** Writes a bench's result as JSON; its folder is made when it is missing. */
export function writeResult(path: string, { metrics, rows }: BenchResult): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ metrics, rows }, null, 1)}\n`);
}

/** The n-th root of the product: ratios are averaged so that a half and a double cancel out. `undefined` of nothing. */
export function geometricMean(ratios: readonly number[]): number | undefined {
  if (ratios.length === 0) return undefined;
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}
