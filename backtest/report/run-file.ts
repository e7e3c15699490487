import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunRecord } from './run-record.ts';

const FILE = 'run.json.gz';
const SHARD_SERIES = ['load', 'q10', 'q50', 'q90', 'capacity', 'unmet', 'delay'] as const;
/** Of runs that were made before there were these, they are missing. */
const LATER_SERIES = ['q01', 'q99', 'minute'] as const;
const FLEET_SERIES = [
  'active',
  'activating',
  'draining',
  'ready',
  'starting',
  'stopped',
  'readyTarget',
  'cost',
] as const;

/** Writes `<dir>/run.json.gz`, making the directory where needed. The same run gives the same bytes. */
export function writeRun(dir: string, run: RunRecord): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, FILE), gzipSync(JSON.stringify(run), { level: 4 }));
}

/**
 * Reads what {@link writeRun} wrote.
 * @throws {Error} on one line, naming the file and what is wrong with it: absent, not gzip, not JSON, another
 * version, a series that is missing or of another length.
 */
export function readRun(dir: string): RunRecord {
  const path = join(dir, FILE);
  const run = parse(path) as RunRecord;
  if (run?.version !== 1) throw new Error(`${path}: version must be 1, got ${JSON.stringify(run?.version)}`);
  const steps = Array.isArray(run.fleet?.active) ? run.fleet.active.length : 0;
  for (const key of FLEET_SERIES) restore(path, `fleet.${key}`, run.fleet?.[key], steps);
  if (!Array.isArray(run.shards))
    throw new Error(`${path}: shards must be an array, got ${typeof run.shards}`);
  for (const shard of run.shards) {
    for (const key of SHARD_SERIES) restore(path, `shards.${shard.name}.${key}`, shard[key], steps);
    for (const key of LATER_SERIES)
      if (shard[key] !== undefined) restore(path, `shards.${shard.name}.${key}`, shard[key], steps);
  }
  return run;
}

function parse(path: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new Error(`cannot read ${path} (${code}): expected the --out directory of a backtest`);
  }
  let text: string;
  try {
    text = gunzipSync(bytes).toString('utf8');
  } catch (error) {
    throw new Error(`${path}: not a whole gzip file (${(error as Error).message})`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not JSON (${(error as Error).message.split('\n')[0]})`);
  }
}

/** JSON has no NaN: a missing value comes back as null and is put right in place. */
function restore(path: string, field: string, values: (number | null)[] | undefined, steps: number): void {
  if (!Array.isArray(values)) throw new Error(`${path}: ${field} must be an array, got ${typeof values}`);
  if (values.length !== steps) {
    throw new Error(`${path}: ${field} must have ${steps} values like fleet.active, got ${values.length}`);
  }
  for (let i = 0; i < steps; i++) if (values[i] === null) values[i] = Number.NaN;
}
