import { Command, CommanderError } from 'commander';
import { fail } from '../cli/fail.ts';
import { formatTable } from '../cli/table.ts';
import { type Costs, costs, type Line, PARTS, SCENARIO, scaled, sumOf } from './control/costs.ts';
import { slowestInit } from './control/init.ts';
import { type LargeTick, largeTicks, oldestLook } from './control/large.ts';
import { DAYS_PER_MONTH, PRICES } from './control/prices.ts';
import { type Synthesised, synthesise } from './control/synth.ts';
import { writeResult } from './lib/results.ts';

const SIZES = [10, 100, 1000];
const GOALS = {
  usdPerMonth100Shards: 15,
  usdPer1000Moves: 0.3,
  usdObservability: 15,
  largestBundleKiB: 1024,
  initMsOverEmpty: 150,
  synthSeconds: 10,
  tick1000Shards: 20,
  healthSweepSeconds: 600,
} as const;

type Metrics = Record<keyof typeof GOALS, number>;

const command = new Command('bench:control')
  .description(
    'What Foreshard costs on AWS, and how quick it is: counted while its own handlers run over a model of AWS.',
  )
  .option('--json <file>', 'write metrics and rows there')
  .option('--sizes', 'instead: what 10, 100 and 1,000 shards cost (docs/costs.md)')
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(args: readonly string[]): Promise<number> {
  command.parse(args, { from: 'user' });
  const { json, sizes } = command.opts<{ json?: string; sizes?: true }>();
  say('synthesising');
  const made = synthesise();
  if (sizes) return printSizes(made);
  say('loading bundles');
  const init = slowestInit(made);
  say('counting what a month costs');
  const bill = await costs(SCENARIO, made);
  say('1,000 shards');
  const ticks = await largeTicks();
  const sweep = await oldestLook();
  const largest = [...made.bundles].reduce((a, b) => (b[1].bytes > a[1].bytes ? b : a));
  const metrics: Metrics = {
    usdPerMonth100Shards: sumOf(bill, 'standing'),
    usdPer1000Moves: (sumOf(bill, 'moves') / (SCENARIO.movesPerDay * DAYS_PER_MONTH)) * 1000,
    usdObservability: sumOf(bill, 'observability'),
    largestBundleKiB: largest[1].bytes / 1024,
    initMsOverEmpty: init.ms,
    synthSeconds: made.seconds,
    tick1000Shards: Math.max(...ticks.map(({ seconds }) => seconds)),
    healthSweepSeconds: sweep,
  };
  console.log(printed(bill, ticks, metrics, { largest: largest[0], slowest: init.name }));
  if (json !== undefined) writeResult(json, { metrics, rows: rowsOf(bill) });
  return 0;
}

async function printSizes(made: Synthesised): Promise<number> {
  const bills: Costs[] = [];
  for (const shards of SIZES) {
    say(`${shards} shards`);
    bills.push(await costs(scaled(shards), made));
  }
  const cell = (bill: Costs | undefined, what: string, part: Line['part']) => {
    const found = bill?.lines.find((one) => one.part === part && one.what === what);
    return found === undefined ? '' : found.usage.usd.toFixed(2);
  };
  const lines = bills.at(-1)?.lines ?? [];
  const rows = lines.map(({ part, what }) => [part, what, ...bills.map((bill) => cell(bill, what, part))]);
  const sums = PARTS.map((part) => ['sum', part, ...bills.map((bill) => sumOf(bill, part).toFixed(2))]);
  console.log(formatTable(['part', '$ a month', ...SIZES.map((n) => `${n} shards`)], [...rows, ...sums]));
  return 0;
}

function rowsOf({ lines }: Costs) {
  return lines.flatMap(({ part, what, usage }) =>
    usage.lines().map(({ item, amount, usd }) => {
      const { unit, usd: price, per } = PRICES[item];
      return { part, what, item, amount, unit, price: `$${price} per ${per}`, usdPerMonth: usd };
    }),
  );
}

function printed(
  bill: Costs,
  ticks: readonly LargeTick[],
  metrics: Metrics,
  names: { readonly largest: string; readonly slowest: string },
): string {
  const { shards, instances, movesPerDay, handOversPerDay } = SCENARIO;
  const rows = rowsOf(bill)
    .filter(({ usdPerMonth }) => usdPerMonth >= 0.005)
    .map(({ part, what, unit, amount, usdPerMonth }) => [
      part,
      what,
      unit,
      count(amount),
      usdPerMonth.toFixed(2),
    ]);
  const figures = (Object.entries(GOALS) as [keyof Metrics, number][]).map(([name, goal]) => [
    name,
    metrics[name].toFixed(2),
    `≤ ${goal}`,
    metrics[name] <= goal ? 'yes' : 'NO',
  ]);
  return [
    `a month of ${shards} shards, ${instances} instances, ${movesPerDay} moves and ${handOversPerDay} hand-overs a day, loads reported by the instances;`,
    'us-east-1, list prices, no free tier; without instances, load balancers and what the network costs.',
    'agents and reserves come on top, as if every shard had state; reserves: hours as bench:interruptions has measured them',
    formatTable(['part', 'what', 'unit', 'a month', '$'], rows),
    '',
    'ticks of 1,000 shards and 5,000 instances, 20 ms per call, AWS’s buckets enforced',
    formatTable(
      ['tick', 'seconds', 'of these waiting', 'moves', 'actions'],
      ticks.map((one) => [
        one.what,
        one.seconds.toFixed(1),
        one.waited.toFixed(1),
        String(one.moves),
        String(one.actions),
      ]),
    ),
    '',
    `largest bundle: ${names.largest}; slowest to load: ${names.slowest}; outcomes of the moves: ${JSON.stringify(bill.moves.outcomes)}`,
    formatTable(['figure', 'value', 'goal', 'met'], figures),
  ].join('\n');
}

function count(amount: number): string {
  return amount >= 100 ? Math.round(amount).toLocaleString('en-US') : amount.toFixed(2);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Commander ends --help this way.
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : fail(error);
}
