import { formatTable } from '../../../cli/table.ts';
import { DAY } from '../../../core/time.ts';
import { geometricMean } from '../../lib/results.ts';
import type { Measured } from '../accuracy.ts';
import type { Case } from '../answers.ts';
import { makeForecaster, OURS } from '../forecasters.ts';
import { known } from '../metrics.ts';
import { othersOf } from '../play.ts';
import { originsOf, readSets, type Series } from '../sets.ts';
import { runModels } from '../statsforecast.ts';
import { measureChunks } from './chunks.ts';

/** Points of ours that are timed at once, CPU seconds that make a figure, and refits of AutoETS. */
const POINTS = 1000;
const ENOUGH = 0.3;
const REFITS = 5;
/** What is learned before: what a forecaster keeps. */
const LEARNED_DAYS = 21;

/** Forecasts of the largest series of each set at all its horizons, and chunks of shards as the Lambda works through them. */
export async function measureSpeed(files: readonly string[], python: string | undefined): Promise<Measured> {
  const sets = await readSets(files, 1);
  const largest = sets.flatMap(([series]) => series ?? []);
  const points = largest.map(secondsPerPoint);
  const refits = python === undefined ? [] : await secondsPerRefit(python, largest);
  const rows = largest.map(({ set }, s) => ({
    measure: 'speed',
    set,
    forecaster: OURS,
    msPerForecast: 1000 * points[s]!,
    ...(refits[s] !== undefined && { autoEtsMs: 1000 * refits[s], vsAutoEts: refits[s] / points[s]! }),
  }));
  const chunks = await measureChunks();
  const table = formatTable(
    ['set', 'ms', 'AutoETS ms', 'times as quick'],
    rows.map(({ set, msPerForecast, autoEtsMs, vsAutoEts }) => [
      set,
      msPerForecast.toFixed(3),
      autoEtsMs?.toFixed(1) ?? '',
      vsAutoEts?.toFixed(0) ?? '',
    ]),
  );
  return {
    metrics: known({
      speedVsAutoEts: geometricMean(rows.flatMap(({ vsAutoEts }) => vsAutoEts ?? [])),
      shardsPerMinute: chunks.shardsPerMinute,
      peakMiB: chunks.peakMiB,
    }),
    rows: [...rows, { measure: 'chunks', ...chunks }],
    text: [
      `A point taken in and all horizons forecast, CPU time; AutoETS fits anew\n\n${table}`,
      `A state of ${chunks.stateKiB.toFixed(0)} KiB read, a point taken in, all planning horizons forecast, the state written: ` +
        `${chunks.shardsPerMinute.toFixed(0)} shards a minute on two cores by CPU time, ${chunks.shardsPerMinuteByWall.toFixed(0)} by the wall clock\n`,
    ].join('\n'),
  };
}

/**
 * CPU seconds of a point and a forecast. CPU time moves on in steps of milliseconds: as often again with a new
 * forecaster as it takes for enough of it.
 */
function secondsPerPoint(series: Series): number {
  let [spent, points] = [0, 0];
  while (spent < ENOUGH) {
    const one = timed(series);
    spent += one.seconds;
    points += one.points;
  }
  return spent / points;
}

function timed(series: Series): { seconds: number; points: number } {
  const { values, step, start, horizons, name: shard } = series;
  const ahead = horizons.map((steps) => steps * step);
  const forecaster = makeForecaster(OURS, { shard, leads: ahead, step, indicators: othersOf(series) });
  const observe = (i: number) => {
    if (!Number.isNaN(values[i])) forecaster.observe({ time: start + i * step, load: values[i]! });
  };
  const from = Math.floor(0.6 * values.length);
  const to = Math.min(values.length, from + POINTS);
  for (let i = Math.max(0, from - (LEARNED_DAYS * DAY) / step); i < from; i++) observe(i);
  const before = process.threadCpuUsage();
  for (let i = from; i < to; i++) {
    observe(i);
    forecaster.forecast(start + i * step, ahead);
  }
  const { user, system } = process.threadCpuUsage(before);
  return { seconds: (user + system) / 1e6, points: to - from };
}

/** CPU seconds of a fit and its forecasts. */
async function secondsPerRefit(python: string, all: readonly Series[]): Promise<number[]> {
  const cases: Case[] = all.map((series) => ({ series, origins: originsOf(series, 'last', REFITS) }));
  const jobs = cases.flatMap(({ origins }, c) =>
    origins.map((origin) => ({ id: `${c} ${origin}`, peer: 'AutoETS' as const, series: c, origin })),
  );
  const spent = cases.map((): number[] => []);
  await runModels(python, cases, jobs, 1, ({ id, seconds }) =>
    spent[Number(id.split(' ')[0])]!.push(seconds ?? 0),
  );
  return spent.map((each) => each.reduce((sum, seconds) => sum + seconds, 0) / each.length);
}
