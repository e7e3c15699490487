import { Command, CommanderError } from 'commander';
import { fail } from '../cli/fail.ts';
import { startProgress } from '../cli/progress.ts';
import { DAY } from '../core/time.ts';
import { metricsOf, printed, rowsOf } from './interruptions/print.ts';
import { cellsOf, VARIATIONS } from './interruptions/rows.ts';
import type { Outcome } from './interruptions/tally.ts';
import { DEFAULT_TRACE, zonesOf } from './interruptions/trace.ts';
import type { PlayTask, Shared } from './interruptions/worker.ts';
import { numberOption } from './lib/options.ts';
import { runTasks } from './lib/pool.ts';
import { writeResult } from './lib/results.ts';

interface Options {
  readonly spot?: string;
  readonly days?: number;
  readonly quick: boolean;
  readonly json?: string;
  readonly quiet: boolean;
}

const command = new Command('bench:interruptions')
  .description('What becomes of stateful shards on Spot: our reserves, one spare per shard, none.')
  .option(
    '--spot <file>',
    `availability per zone: time and a column of 0 and 1 per zone (default: ${DEFAULT_TRACE})`,
  )
  .option(
    '--days <n>',
    'days that are played, in spans of two all over the trace (default: 6; the scenario alone: any)',
    numberOption({ min: 0.1, max: 10_000 }),
  )
  .option('--quick', 'one day, and the scenario alone', false)
  .option('--json <file>', 'write metrics and rows there')
  .option('--quiet', 'no progress', false)
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

/** Days of one span. */
const SPAN = 2;

/** Parts of the trace, equally far from one another. */
function spansOf(days: number, length: number): { skip: number; days: number }[] {
  const span = Math.min(SPAN, days, length);
  const count = Math.max(1, Math.round(Math.min(days, length) / span));
  return Array.from({ length: count }, (_, i) => ({
    skip: ((i + 0.5) * length) / count - span / 2,
    days: span,
  }));
}

async function main(args: readonly string[]): Promise<number> {
  command.parse(args, { from: 'user' });
  const options = command.opts<Options>();
  const trace = await zonesOf(options.spot, (message) => console.error(message));
  const spans = spansOf(options.days ?? (options.quick ? 1 : 6), trace.duration / DAY);
  const cells = cellsOf(options.quick ? [] : VARIATIONS);
  const tasks = cells.flatMap((cell, c) =>
    spans.map((span): PlayTask & { readonly cell: number } => ({
      ...cell,
      ...span,
      cell: c,
      weight: span.days * cell.assumed.shards,
    })),
  );
  const total = tasks.reduce((sum, { weight }) => sum + weight, 0);
  const progress = startProgress('bench:interruptions', 1000, { quiet: options.quiet });
  const shared: Shared = { trace };
  const script = new URL('./interruptions/worker.ts', import.meta.url);
  const outcomes = await runTasks<Outcome>(script, shared, tasks, (done) =>
    progress.update(Math.floor((1000 * done) / total)),
  ).finally(() => progress.stop());
  const rows = rowsOf(cells, (c) => outcomes.filter((_, t) => tasks[t]!.cell === c));
  const metrics = metricsOf(rows);
  console.log(printed(trace, spans, rows, metrics));
  if (options.json) writeResult(options.json, { metrics, rows });
  return 0;
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
