import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { fail } from '../cli/fail.ts';
import { startProgress } from '../cli/progress.ts';
import { drawing } from './capacity/draw.ts';
import { metricsOf } from './capacity/metrics.ts';
import { printed } from './capacity/print.ts';
import { groupsOf } from './capacity/rows.ts';
import { separationsOf } from './capacity/separation.ts';
import { runStudy, violationsOf } from './capacity/study.ts';
import { defaultFiles, readTraces } from './capacity/traces.ts';
import { numberOption, numbersOption } from './lib/options.ts';
import { writeResult } from './lib/results.ts';

interface Options {
  readonly load?: string[];
  readonly busiest: number;
  readonly out: string;
  readonly json?: string;
  readonly sizes: number[];
  readonly shares: number[];
  readonly delay: boolean;
  readonly days?: number;
  readonly quiet: boolean;
}

const command = new Command('bench:capacity')
  .description(
    'Instance-hours at equal unmet load: ours against the policies of AWS and a clairvoyant, every knob chosen in hindsight.',
  )
  .option(
    '--load <file...>',
    'load histories, one or several (default: the five public traces beside the project)',
  )
  .option(
    '--busiest <n>',
    'only the busiest shards of each trace',
    numberOption({ min: 1, max: 10_000, whole: true }),
    20,
  )
  .option('--out <dir>', 'where the drawing goes', 'out/bench-capacity')
  .option('--json <file>', 'write metrics and rows there')
  .option(
    '--sizes <list>',
    "instances at a shard's peak",
    numbersOption({ min: 1, max: 1000, whole: true }),
    [20, 60],
  )
  .option('--shares <list>', 'unmet over total load', numbersOption({ min: 1e-6, max: 0.5 }), [0.001, 0.0002])
  .option('--no-delay', 'leave out the rows with metrics 60 s late')
  .option('--days <n>', 'judge only so many days, for a quick look', numberOption({ min: 0.05, max: 70 }))
  .option('--quiet', 'no progress', false)
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

async function main(args: readonly string[]): Promise<number> {
  command.parse(args, { from: 'user' });
  const options = command.opts<Options>();
  const files = options.load ?? defaultFiles((message) => console.error(message));
  const { sizes, shares, busiest, days, quiet } = options;
  const delays = options.delay ? [0, 1] : [0];
  const traces = await readTraces(files, { busiest, ...(days !== undefined && { days }) });
  const progress = startProgress('bench:capacity', 1000, { quiet });
  const cells = await runStudy({ traces, sizes, shares, delays }, (done, note) =>
    progress.update(Math.floor(1000 * done), note),
  ).finally(() => progress.stop());
  const groups = groupsOf(cells, shares, delays);
  const separations = separationsOf(cells, shares);
  const metrics = metricsOf(groups, cells);
  console.log(printed(cells, groups, separations, metrics));
  mkdirSync(options.out, { recursive: true });
  const page = join(options.out, 'pareto.html');
  writeFileSync(page, drawing(cells, shares));
  console.error(`drawn in ${page}`);
  if (options.json) writeResult(options.json, { metrics, rows: groups.flatMap(({ rows }) => rows) });
  const violations = violationsOf(cells);
  for (const line of violations) console.error(line);
  return violations.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // Commander ends --help this way.
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : fail(error);
  },
);
