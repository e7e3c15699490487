import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readLoad } from '../../backtest/input/read-load.ts';
import type { ModelTrace } from '../../backtest/model/model.ts';
import { type PrepareOptions, prepareTrace } from '../../backtest/model/prepare.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Public traces are kept beside the project, not in it. */
const REAL = resolve(ROOT, '../shared/data/load');
const FIVE = ['content-platform', 'llm-tenants-small', 'city-zones', 'worldcup98', 'azure-vm-cpu'];
const EXAMPLE = join(ROOT, 'examples/data/shop.csv.gz');

/** The five traces that the published figures are for, or the project's own generated one where they are missing. */
export function defaultFiles(say: (message: string) => void): string[] {
  const files = FIVE.map((name) => join(REAL, `${name}.csv.gz`));
  if (files.every((file) => existsSync(file))) return files;
  say(
    `no traces in ${REAL}: taking the generated example; for real ones put ${FIVE.join(', ')} there (docs/benchmarks.md), or give your own by --load FILE`,
  );
  return [EXAMPLE];
}

/** Reads and prepares the traces; names that come twice are numbered. @throws {InputError} {@link readLoad}'s */
export async function readTraces(files: readonly string[], options: PrepareOptions): Promise<ModelTrace[]> {
  const traces: ModelTrace[] = [];
  for (const file of files) {
    const trace = prepareTrace(await readLoad(file), options);
    const same = traces.filter(({ name }) => name.replace(/ \(\d+\)$/, '') === trace.name).length;
    traces.push(same > 0 ? { ...trace, name: `${trace.name} (${same + 1})` } : trace);
  }
  return traces;
}
