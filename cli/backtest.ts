import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Years } from '../adapters/holidays/expand.ts';
import { withHolidayDates } from '../adapters/holidays/settings.ts';
import { readIndicators } from '../backtest/input/read-indicators.ts';
import { readLoad } from '../backtest/input/read-load.ts';
import { readSpot } from '../backtest/input/read-spot.ts';
import { runJob } from '../backtest/job.ts';
import type { LoadTrace } from '../backtest/load.ts';
import { renderReport } from '../backtest/report/render.ts';
import { writeRun } from '../backtest/report/run-file.ts';
import type { Comparison, RunRecord } from '../backtest/report/run-record.ts';
import { parseSettings } from '../core/settings/parse.ts';
import { UsageError } from './fail.ts';
import { peakInstances } from './init.ts';
import { startProgress } from './progress.ts';
import { formatTable } from './table.ts';
import { writableDir, writableFile } from './writable.ts';

interface Options {
  readonly load?: readonly string[];
  readonly spot?: string;
  readonly indicators?: string;
  readonly config?: string;
  readonly peakInstances: number;
  readonly busiest?: number;
  readonly judgeDays?: number;
  readonly out: string;
  readonly json?: string;
  readonly seed: number;
  readonly quiet?: boolean;
}

const EXAMPLE = {
  load: fileURLToPath(new URL('../examples/data/shop.csv.gz', import.meta.url)),
  config: fileURLToPath(new URL('../examples/shop.yaml', import.meta.url)),
  judgeDays: 7,
};

export function configure(command: Command): void {
  command
    .option(
      '--load <file...>',
      'load history: CSV, plain or gzipped; without it the bundled synthetic example',
    )
    .option('--spot <file>', 'Spot trace: availability per zone, or add and remove events of a fleet')
    .option('--indicators <file>', 'series that may lead the load: CSV, columns shard/indicator or indicator')
    .option('--config <file>', 'settings (YAML); without it they are derived from the load')
    .option(
      '--peak-instances <n>',
      "derived settings: instances that each shard's peak needs",
      peakInstances,
      20,
    )
    .option('--busiest <n>', 'only so many shards, those with most load', positive('shards'))
    .option(
      '--judge-days <n>',
      'judge the last n days (default: 28 that leave 14 of history)',
      positive('days'),
    )
    .option('--out <dir>', 'where the report goes', 'out')
    .option('--json <file>', 'also write the comparison as JSON')
    .addOption(new Option('--seed <n>', 'seed of the world').default(1).argParser(positive('a seed')))
    .option('--quiet', 'no progress')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const example = options.load === undefined;
  const files = options.load ?? [EXAMPLE.load];
  const config = options.config ?? (example ? EXAMPLE.config : undefined);
  if (config !== undefined && options.busiest !== undefined) {
    throw new UsageError(
      `--busiest: expected --load without --config, because the settings (${config}) say which shards there are`,
    );
  }
  const settings = config === undefined ? undefined : parseSettings(await text(config), config);
  const spot = options.spot === undefined ? undefined : await readSpot(options.spot);
  const judgeDays = options.judgeDays ?? (example ? EXAMPLE.judgeDays : undefined);
  await writableDir('--out', options.out);
  if (options.json !== undefined) await writableFile('--json', options.json);
  const results: { file: string; report: string; comparison: Comparison }[] = [];
  const taken = new Set<string>();
  for (const file of files) {
    const trace = await readLoad(file);
    const { indicators: leading } = options;
    const indicators = leading === undefined ? undefined : await readIndicators(leading, trace.shards);
    if (config === undefined) {
      process.stderr.write(
        `${trace.name}: no --config, so settings are derived: one shard per column, ${options.peakInstances} instances at each shard's peak${spot === undefined ? '' : ', half of them on Spot'}\n`,
      );
    }
    const bar = startProgress(trace.name, 100, { quiet: options.quiet ?? false });
    const record = await runJob(trace, {
      peakInstances: options.peakInstances,
      seed: options.seed,
      synthetic: example,
      ...(settings && config && { settings: withHolidayDates(settings, yearsOf(trace), config) }),
      ...(options.busiest !== undefined && { busiest: options.busiest }),
      ...(judgeDays !== undefined && { judgeDays }),
      ...(spot && { spot }),
      ...(indicators && { indicators }),
      onProgress: (run, comparison) =>
        bar.update(Math.floor(70 * run + 30 * comparison), stage(run, comparison)),
    }).finally(() => bar.stop());
    const dir = files.length === 1 ? options.out : join(options.out, folderFor(record.title, taken));
    const report = await save(dir, record);
    print(record, report);
    results.push({ file, report, comparison: record.comparison });
  }
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify(json(results), null, 2)}\n`);
}

/** All years that the load is of, and two before, of whose holidays something may be learned. */
function yearsOf({ start, step, values }: LoadTrace): Years {
  const yearAt = (time: number) => new Date(time * 1000).getUTCFullYear();
  return { from: yearAt(start) - 2, to: yearAt(start + step * (values[0]?.length ?? 0)) };
}

/** Files of one name in two directories must not overwrite each other's report. */
function folderFor(title: string, taken: Set<string>): string {
  let folder = title;
  for (let n = 2; taken.has(folder); n++) folder = `${title}-${n}`;
  taken.add(folder);
  return folder;
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(
      `${file}: expected a readable settings file, got ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

async function save(dir: string, record: RunRecord): Promise<string> {
  await writableDir('--out', dir);
  writeRun(dir, record);
  const report = join(dir, 'report.html');
  await writeFile(report, renderReport(record));
  return report;
}

function print(record: RunRecord, report: string): void {
  const { ours, peers, atOurUnmet, sentence } = record.comparison;
  const same = new Map(atOurUnmet.map(({ policy, hours }) => [policy, hours]));
  const rows = [ours, ...peers].map(({ policy, hours, unmet, knobs }) => {
    const there = policy === ours.policy ? hours : same.get(policy);
    return [
      policy,
      hours.toFixed(0),
      `${(unmet * 100).toFixed(3)} %`,
      there === undefined ? 'never' : there.toFixed(0),
      there === undefined ? '–' : (ours.hours / there).toFixed(3),
      knobs,
    ];
  });
  const header = ['policy', 'hours', 'unmet', 'hours at our unmet', 'ours / its', 'knobs'];
  const synthetic = record.synthetic ? ' (synthetic load)' : '';
  process.stdout.write(`\n${record.title}${synthetic}: ${record.shards.length} shards\n`);
  process.stdout.write(`${formatTable(header, rows)}\n${sentence}\n`);
  for (const note of record.notes) process.stderr.write(`note: ${note}\n`);
  process.stdout.write(`report: ${report}\n`);
}

/** What scripts read: one row per file and policy. */
function json(results: readonly { file: string; comparison: Comparison }[]) {
  const rows = results.flatMap(({ file, comparison: { ours, peers, atOurUnmet } }) =>
    [ours, ...peers].map((one) => ({
      file,
      ...one,
      hoursAtOurUnmet:
        one === ours ? ours.hours : (atOurUnmet.find(({ policy }) => policy === one.policy)?.hours ?? null),
    })),
  );
  return { metrics: {}, rows };
}

function stage(run: number, comparison: number): string {
  return run < 1 ? 'replaying' : comparison < 1 ? 'comparing' : 'writing';
}

function positive(what: string): (text: string) => number {
  return (text) => {
    const n = /^\d+$/.test(text) ? Number(text) : 0;
    if (n < 1) throw new InvalidArgumentError(`expected ${what} as an integer of at least 1.`);
    return n;
  };
}
