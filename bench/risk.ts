import { existsSync, writeFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { readSpot } from '../backtest/input/read-spot.ts';
import { fail } from '../cli/fail.ts';
import { formatTable } from '../cli/table.ts';
import { writableFile } from '../cli/writable.ts';
import { COEFFICIENTS } from '../core/interruption/coefficients.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { writeResult } from './lib/results.ts';
import { drawing } from './risk/draw.ts';
import { coefficientsSource, learn, predict } from './risk/fit.ts';
import { fleetSamples } from './risk/fleets.ts';
import { type Sample, samplesOf } from './risk/samples.ts';
import { type Score, score } from './risk/score.ts';

/** Fitted on what comes before this part of the trace, measured on what comes after it. */
const SPLIT = 0.6;
const HORIZONS = [
  { name: '15 min', key: 'minutes15', seconds: 15 * MINUTE },
  { name: '60 min', key: 'minutes60', seconds: HOUR },
] as const;
const SECONDS = HORIZONS.map(({ seconds }) => seconds);
const DATA = new URL('../../shared/data/spot/', import.meta.url).pathname;
const GOALS = { brierVsBaseRate: 1 };

const command = new Command('bench:risk')
  .description(
    'How well the likelihood of an interruption is calibrated, on a later time span than it was fitted on.',
  )
  .option(
    '--spot <file>',
    'availability per zone: time and a column of 0 and 1 per zone',
    `${DATA}aws-v100-availability.csv.gz`,
  )
  .option(
    '--fleets <file>',
    'fleet,t_s,event,node: another set, to which nothing is fitted',
    `${DATA}fleet-events.csv.gz`,
  )
  .option(
    '--fit',
    'fit the coefficients anew on the earlier span, and write core/interruption/coefficients.ts',
  )
  .option('--draw <file>', 'write the reliability plots there', 'out/risk.html')
  .option('--json <file>', 'write metrics and rows there')
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

interface Options {
  readonly spot: string;
  readonly fleets: string;
  readonly fit?: true;
  readonly draw: string;
  readonly json?: string;
}

interface Row {
  readonly set: string;
  readonly horizon: string;
  readonly samples: number;
  readonly rate: number;
  readonly brierVsBaseRate: number;
  readonly brierVsZoneRate: number;
  readonly calibrationError: number;
}

async function main(args: readonly string[]): Promise<number> {
  command.parse(args, { from: 'user' });
  const options = command.opts<Options>();
  const trace = await readSpot(options.spot);
  if (trace.kind !== 'availability')
    throw new RangeError(`--spot: expected availability per zone, got the events of fleets: ${options.spot}`);
  const samples = samplesOf(trace, SECONDS);
  const cut = SPLIT * trace.duration;
  // What is known of the earlier span ends where the later one begins.
  const earlier = samples.filter(({ at }) => at < cut - Math.max(...SECONDS));
  const later = samples.filter(({ at }) => at >= cut);
  const fitted = options.fit ? { minutes15: learn(earlier, 0), minutes60: learn(earlier, 1) } : COEFFICIENTS;
  if (options.fit)
    writeFileSync(
      new URL('../core/interruption/coefficients.ts', import.meta.url),
      coefficientsSource(fitted),
    );

  const sets = [{ set: 'zones, later span', samples: later }];
  if (existsSync(options.fleets))
    sets.push({ set: 'fleets, another set', samples: fleetSamples(options.fleets, SECONDS) });
  else console.error(`no ${options.fleets}: without the second set`);
  const scores = sets.map((one) => HORIZONS.map(({ key }, h) => ours(one.samples, h, fitted[key])));
  const rows = sets.flatMap(({ set, samples: its }, s) =>
    HORIZONS.map(({ name }, h) => rowOf(set, name, its, scores[s]![h]!, earlier, h)),
  );
  const zones = rows.filter(({ set }) => set === sets[0]!.set);
  const metrics = {
    brierVsBaseRate: Math.max(...zones.map((row) => row.brierVsBaseRate)),
    calibrationError: Math.max(...zones.map((row) => row.calibrationError)),
  };
  console.log(printed(rows, metrics));
  await writableFile('--draw', options.draw);
  const panels = HORIZONS.map(({ name }, h) => ({
    title: `within ${name}`,
    curves: sets.map(({ set }, s) => ({
      name: set,
      style: s === 0 ? ('ours' as const) : ('tracking' as const),
      score: scores[s]![h]!,
    })),
  }));
  writeFileSync(options.draw, drawing(panels));
  console.log(`reliability plots: ${options.draw}`);
  if (options.json !== undefined) writeResult(options.json, { metrics, rows });
  return 0;
}

const ours = (samples: readonly Sample[], h: number, coefficients: Parameters<typeof predict>[0]): Score =>
  score(
    samples.map((sample) => predict(coefficients, sample)),
    samples.map(({ lost }) => lost[h]!),
  );

function rowOf(
  set: string,
  horizon: string,
  samples: readonly Sample[],
  scored: Score,
  earlier: readonly Sample[],
  h: number,
): Row {
  const came = samples.map(({ lost }) => lost[h]!);
  const rateOf = (of: readonly Sample[]) => of.filter(({ lost }) => lost[h]).length / of.length;
  const base = rateOf(earlier);
  const perZone = new Map(
    [...new Set(earlier.map(({ zone }) => zone))].map((zone) => [
      zone,
      rateOf(earlier.filter((one) => one.zone === zone)),
    ]),
  );
  const against = (said: readonly number[]) => scored.brier / score(said, came).brier;
  return {
    set,
    horizon,
    samples: scored.samples,
    rate: scored.rate,
    brierVsBaseRate: against(samples.map(() => base)),
    brierVsZoneRate: against(samples.map(({ zone }) => perZone.get(zone) ?? base)),
    calibrationError: scored.calibrationError,
  };
}

function printed(rows: readonly Row[], metrics: Readonly<Record<string, number>>): string {
  const head = [
    'set',
    'within',
    'samples',
    'interrupted',
    'Brier / base rate',
    'Brier / zone’s rate',
    'calibration error',
  ];
  const cells = rows.map((row) => [
    row.set,
    row.horizon,
    String(row.samples),
    `${(100 * row.rate).toFixed(1)} %`,
    row.brierVsBaseRate.toFixed(3),
    row.brierVsZoneRate.toFixed(3),
    row.calibrationError.toFixed(4),
  ]);
  return [
    formatTable(head, cells),
    `fitted on the first ${100 * SPLIT} % of the zones’ trace; both rates are of that span`,
    `brierVsBaseRate ${metrics.brierVsBaseRate!.toFixed(3)} (goal < ${GOALS.brierVsBaseRate}), calibrationError ${metrics.calibrationError!.toFixed(4)}; the worse horizon of the zones`,
  ].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Commander ends --help this way.
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : fail(error);
}
