import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Place } from '../adapters/holidays/expand.ts';
import { inputError } from '../backtest/input/input-error.ts';
import { readIndicators } from '../backtest/input/read-indicators.ts';
import { loadOrMissing, readSeries } from '../backtest/input/read-load.ts';
import { type OriginRow, readOrigins } from '../backtest/input/read-origins.ts';
import { compose } from '../core/forecast/compose.ts';
import type { Unusual } from '../core/forecast/forecast.ts';
import { KnownGrid, LEAST_STEP, MOST_STEP, stepOf } from '../core/forecast/series/grid.ts';
import { inOrder, lastKnown, type Points } from '../core/forecast/series/points.ts';
import { forecastOrigins, GIVEN, type Origin, type Run } from '../core/forecast/series/run.ts';
import { formatStamp } from '../core/settings/stamp.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../core/time.ts';
import { UsageError } from './fail.ts';
import { localCalendar, placesOf, timeZone } from './forecast-calendar.ts';
import { startProgress } from './progress.ts';
import { writableFile } from './writable.ts';

export interface ForecastOptions {
  readonly load: string;
  readonly horizons: readonly Seconds[];
  readonly last?: boolean;
  readonly origins?: string;
  readonly indicators?: string;
  readonly timeZone?: string;
  readonly holidays?: readonly Place[];
  readonly out?: string;
  readonly quiet?: boolean;
}

export function configure(command: Command): void {
  command
    .requiredOption('--load <file>', 'load history: CSV, plain or gzipped, wide or time,series,value')
    .requiredOption('--horizons <list>', 'how far ahead, e.g. 5m,15m,1h,24h; at most 48h', horizonsOf)
    .option('--last', 'forecast each series from its newest value')
    .option('--origins <file>', 'or from these origins: CSV with the columns series,origin')
    .option(
      '--indicators <file>',
      'series that may lead these: CSV with columns shard/indicator or indicator',
    )
    .option(
      '--time-zone <zone>',
      'IANA zone, e.g. Europe/Berlin, whose clock days and weeks follow',
      timeZone,
    )
    .option('--holidays <places>', 'public holidays of countries or states, e.g. DE-BY,AT', placesOf)
    .option('--out <file>', 'write the CSV there instead of stdout')
    .option('--quiet', 'no progress')
    .action(async (options: ForecastOptions) => {
      await forecast(options, process.stdout, (line) => void process.stderr.write(`${line}\n`));
    });
}

const UNITS: Readonly<Record<string, Seconds>> = { m: MINUTE, h: HOUR, d: DAY };
const FARTHEST: Seconds = 48 * HOUR;

/** An option's value: `5m,1h,2d` as seconds, in its order. @throws {InvalidArgumentError} */
export function horizonsOf(text: string): Seconds[] {
  return text.split(',').map((one) => {
    const [, n, unit] = /^\s*(\d+)([mhd])\s*$/.exec(one) ?? [];
    if (n === undefined || unit === undefined)
      throw new InvalidArgumentError(`expected a list such as 5m,1h,2d (m, h or d), got '${one}'.`);
    const horizon = Number(n) * UNITS[unit]!;
    if (horizon >= MINUTE && horizon <= FARTHEST) return horizon;
    throw new InvalidArgumentError(`expected horizons from 1m to 48h, got '${one.trim()}'.`);
  });
}

/**
 * Forecasts a load file and writes the CSV `series,origin,target,q…`, only when all is forecast.
 * @throws {UsageError} when the options do not go together, {InputError} when a file cannot be used
 */
export async function forecast(
  options: ForecastOptions,
  stdout: NodeJS.WritableStream,
  say: (line: string) => void,
): Promise<void> {
  if ((options.last === true) === (options.origins !== undefined))
    throw new UsageError('forecast: expected either --last or --origins');
  const { load, horizons, out } = options;
  if (out !== undefined) await writableFile('--out', out);
  const series = inOrder(await readSeries(load, loadOrMissing));
  const names = series.map(({ name }) => name);
  const { origins: file, indicators } = options;
  const origins = file === undefined ? newest(load, series, say) : await readOrigins(file, names);
  checkStep(load, series, origins);
  const leading = indicators === undefined ? undefined : await readIndicators(indicators, names);
  const bar = lateProgress(origins.length, options.quiet ?? false);
  const withheld: Withheld[] = [];
  const quantiles = forecastOrigins({
    series,
    origins,
    horizons,
    make: makerOf(options, series),
    onProgress: bar.update,
    onWithheld: (at, unusual) => void withheld.push({ at, unusual }),
    ...(leading && { indicators: (name) => leading.get(name)! }),
  });
  bar.stop();
  if (withheld.length > 0) say(doubts(withheld, origins.length));
  const rows = Readable.from(csv(origins, horizons, quantiles));
  await pipeline(rows, out === undefined ? stdout : createWriteStream(out), { end: out !== undefined });
  if (out !== undefined) say(`wrote ${out}: ${origins.length * horizons.length} forecasts`);
}

/** So long at most loads are not believed: as the settings have it where nothing is said. */
const WITHHOLD: Seconds = HOUR;

/** Makes the forecaster of one series: the one that runs on AWS. */
function makerOf({ timeZone = 'UTC', holidays = [] }: ForecastOptions, all: readonly Points[]): Run['make'] {
  const calendar = localCalendar(timeZone, holidays, all);
  return ({ series, grid: { step }, leads, indicators }, state) => {
    // Each load is compared to what was forecast of it a step before.
    const all = leads[0] === step ? leads : [step, ...leads];
    const { forecaster } = compose({
      shard: series,
      step,
      leads: all,
      calendar,
      indicators,
      withhold: WITHHOLD,
    });
    if (state !== undefined) forecaster.restore(state);
    return forecaster;
  };
}

/** Refuses a step out of bounds; what comes after the last origin does not make it one. */
function checkStep(file: string, series: readonly Points[], origins: readonly OriginRow[]): void {
  const grid = new KnownGrid(series);
  const last = origins.reduce((newest, { origin }) => Math.max(newest, origin), Number.NEGATIVE_INFINITY);
  const [step, known] = [grid.medianStep(), grid.medianStep(last)];
  if (step === undefined || stepOf(step) !== undefined) return;
  if (known !== undefined && stepOf(known) !== undefined) return;
  throw inputError(
    file,
    undefined,
    'time',
    `a step of ${step} s (median difference between stamps)`,
    `from ${LEAST_STEP} to ${MOST_STEP} s`,
  );
}

/** The newest value of each series. @throws {InputError} when there is none at all */
function newest(file: string, series: readonly Points[], say: (line: string) => void): OriginRow[] {
  const rows = series.flatMap((one): OriginRow[] => {
    const origin = lastKnown(one);
    return origin === undefined ? [] : [{ series: one.name, origin, stamp: formatStamp(origin) }];
  });
  if (rows.length === 0) throw inputError(file, undefined, undefined, 'no value in any column', 'loads');
  const empty = series.filter((one) => lastKnown(one) === undefined).map(({ name }) => name);
  if (empty.length > 0) say(`note: left out, because they have no value: ${empty.join(', ')}`);
  return rows;
}

/** An origin whose newest loads were not believed, and why. */
interface Withheld {
  readonly at: Origin;
  readonly unusual: Unusual;
}

/** So many are named. */
const NAMED = 3;

function doubts(withheld: readonly Withheld[], origins: number): string {
  const named = withheld
    .slice(0, NAMED)
    .map(
      ({ at, unusual }) =>
        `${at.series} at ${formatStamp(at.origin)} (${unusual.kind} since ${formatStamp(unusual.since)})`,
    );
  if (withheld.length > NAMED) named.push('…');
  return `note: at ${withheld.length} of ${origins} origins the newest loads are not believed: ${named.join(', ')}`;
}

const PATIENCE_MS = 2000;

/** Progress that is shown only when the work takes its time. */
function lateProgress(total: number, quiet: boolean) {
  const begun = Date.now();
  let bar: ReturnType<typeof startProgress> | undefined;
  return {
    update: (done: number) => {
      if (bar === undefined && Date.now() - begun < PATIENCE_MS) return;
      bar ??= startProgress('forecast', total, { quiet });
      bar.update(done);
    },
    stop: () => bar?.stop(),
  };
}

/** Significant digits of a quantile. */
const DIGITS = 9;

function* csv(
  origins: readonly OriginRow[],
  horizons: readonly Seconds[],
  quantiles: Float64Array,
): Generator<string> {
  yield `series,origin,target,${GIVEN.map((level) => `q${level}`).join(',')}\n`;
  let at = 0;
  for (const { series, origin, stamp } of origins) {
    let lines = '';
    for (const horizon of horizons) {
      const loads = GIVEN.map(() => Number(quantiles[at++]!.toPrecision(DIGITS)));
      lines += `${cell(series)},${cell(stamp)},${formatStamp(origin + horizon)},${loads.join(',')}\n`;
    }
    yield lines;
  }
}

function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
