import { Command, CommanderError } from 'commander';
import { fail } from '../cli/fail.ts';
import { formatTable } from '../cli/table.ts';
import { writeResult } from './lib/results.ts';
import { growthExponent, measure, type Row } from './plan/measure.ts';

/** Shards; ten instances each. */
const SIZES = [100, 300, 1000, 3000, 10_000];
const REPEATS = 15;
const GOALS = { seconds10k: 1, growthExponent: 1.1 };

const command = new Command('bench:plan')
  .description('How long one plan takes, from 100 to 10,000 shards with ten instances each, on one core.')
  .option('--json <file>', 'write metrics and rows there')
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

function main(args: readonly string[]): number {
  command.parse(args, { from: 'user' });
  const { json } = command.opts<{ json?: string }>();
  const rows = measure(SIZES, REPEATS);
  const largest = rows.at(-1)!;
  const metrics = {
    seconds10k: largest.seconds,
    growthExponent: growthExponent(rows),
    peakMiB: process.resourceUsage().maxRSS / 1024,
    cpuSeconds10k: largest.cpuSeconds,
    timesNaive10k: largest.timesNaive,
  };
  console.log(printed(rows, metrics));
  if (json !== undefined) writeResult(json, { metrics, rows });
  return 0;
}

function printed(rows: readonly Row[], metrics: Readonly<Record<string, number>>): string {
  const cells = rows.map((row) => [
    String(row.shards),
    String(row.instances),
    String(row.moves),
    String(row.actions),
    row.seconds.toFixed(4),
    row.cpuSeconds.toFixed(4),
    row.naiveSeconds.toFixed(4),
    row.timesNaive.toFixed(1),
  ]);
  const head = [
    'shards',
    'instances',
    'moves',
    'actions',
    'plan, s',
    'its CPU, s',
    'naive loop, s',
    'times naive',
  ];
  return [
    formatTable(head, cells),
    `a plan of ${rows.at(-1)!.shards} shards: ${metrics.seconds10k!.toFixed(3)} s (goal ≤ ${GOALS.seconds10k}), median of ${REPEATS}`,
    `grows with the ${metrics.growthExponent!.toFixed(3)}th power of the shards (goal ≤ ${GOALS.growthExponent})`,
    `peak memory of this process ${metrics.peakMiB!.toFixed(0)} MiB, all fleets included`,
    'naive loop: the concept document’s own, without priorities, guarantees, uncertainty, costs of switching, starts, reasons',
  ].join('\n');
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  // Commander ends --help this way.
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : fail(error);
}
