import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { deriveSettings } from '../backtest/input/derive.ts';
import { readLoad } from '../backtest/input/read-load.ts';
import { renderSettings } from '../backtest/input/render-settings.ts';
import { SCHEMA_FILE } from './schema.ts';
import { writableFile } from './writable.ts';

interface Options {
  readonly load: string;
  readonly peakInstances: number;
  readonly out?: string;
}

export function configure(command: Command): void {
  command
    .requiredOption('--load <file>', 'load history: CSV, plain or gzipped, wide or time,series,value')
    .option('--peak-instances <n>', "instances that each shard's peak needs", peakInstances, 20)
    .option('--out <file>', 'write there instead of stdout; an existing file is not overwritten')
    .action(run);
}

/** An option's value: instances at a shard's peak. @throws {InvalidArgumentError} */
export function peakInstances(text: string): number {
  const n = /^\d+$/.test(text) ? Number(text) : 0;
  if (n < 1 || n > 10_000) throw new InvalidArgumentError('expected an integer from 1 to 10000.');
  return n;
}

async function run({ load, peakInstances, out }: Options): Promise<void> {
  if (out !== undefined && existsSync(out)) {
    throw new Error(`--out: ${out} exists already, expected a new file`);
  }
  if (out !== undefined) await writableFile('--out', out);
  const trace = await readLoad(load);
  const text = renderSettings(deriveSettings(trace, peakInstances), [
    `yaml-language-server: $schema=${relative(dirname(out ?? 'settings.yaml'), SCHEMA_FILE)}`,
    `Derived by "foreshard init" from ${load}: one shard per column, and capacities such that each shard's peak`,
    `in that history needs ${peakInstances} instances. Put in what your instances really serve, and what they cost.`,
    ...(trace.notes ?? []).map((note) => `Note: ${note}.`),
  ]);
  if (out === undefined) process.stdout.write(text);
  else {
    await writeFile(out, text, { flag: 'wx' });
    process.stderr.write(`wrote ${out}: ${trace.shards.length} shards\n`);
  }
}
