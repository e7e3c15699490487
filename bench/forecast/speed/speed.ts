import { formatTable } from '../../../cli/table.ts';
import { geometricMean } from '../../lib/results.ts';
import type { Measured } from '../accuracy.ts';
import type { Case } from '../answers.ts';
import { FORECASTERS, OURS } from '../forecasters.ts';
import { known } from '../metrics.ts';
import { originsOf, readSet, type Series } from '../sets.ts';
import { runModels } from '../statsforecast.ts';
import { measureChunks } from './chunks.ts';

/** Steps of ours that are timed, and refits of AutoETS. */
const STEPS = 300;
const REFITS = 5;

/** Forecasts of the largest series of each set at all its horizons, and chunks of shards as the Lambda works through them. */
export async function measureSpeed(files: readonly string[], python: string | undefined): Promise<Measured> {
  const sets = await Promise.all(files.map((file) => readSet(file, 1)));
  const largest = sets.flatMap(([series]) => series ?? []);
  const names = Object.keys(FORECASTERS);
  const steps = largest.map((series) => names.map((name) => secondsPerStep(name, series)));
  const refits = python === undefined ? [] : await secondsPerRefit(python, largest);
  const rows = largest.flatMap(({ set }, s) =>
    names.map((forecaster, f) => ({
      measure: 'speed',
      set,
      forecaster,
      msPerForecast: 1000 * steps[s]![f]!,
      ...(refits[s] !== undefined && { autoEtsMs: 1000 * refits[s], vsAutoEts: refits[s] / steps[s]![f]! }),
    })),
  );
  const chunks = await measureChunks();
  const ratios = rows.flatMap((row) => (row.forecaster === OURS ? (row.vsAutoEts ?? []) : []));
  const table = formatTable(
    ['set', 'forecaster', 'ms', 'AutoETS ms', 'times as quick'],
    rows.map(({ set, forecaster, msPerForecast, autoEtsMs, vsAutoEts }) => [
      set,
      forecaster,
      msPerForecast.toFixed(3),
      autoEtsMs?.toFixed(1) ?? '',
      vsAutoEts?.toFixed(0) ?? '',
    ]),
  );
  return {
    metrics: known({
      speedVsAutoEts: geometricMean(ratios),
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

/** CPU seconds of a point and a forecast, once the first 60 % of a series are learned. */
function secondsPerStep(name: string, { values, step, start, horizons, name: shard }: Series): number {
  const ahead = horizons.map((steps) => steps * step);
  const forecaster = FORECASTERS[name]!({ shard, leads: ahead, step });
  const observe = (i: number) => {
    if (!Number.isNaN(values[i])) forecaster.observe({ time: start + i * step, load: values[i]! });
  };
  const from = Math.min(Math.floor(0.6 * values.length), values.length - STEPS);
  for (let i = 0; i < from; i++) {
    observe(i);
    // So that what is timed is compiled, as it is in a process that has run for a while.
    if (i > from - STEPS) forecaster.forecast(start + i * step, ahead);
  }
  const before = process.threadCpuUsage();
  for (let i = from; i < from + STEPS; i++) {
    observe(i);
    forecaster.forecast(start + i * step, ahead);
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6 / STEPS;
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
