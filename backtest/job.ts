import { Worker } from 'node:worker_threads';
import { plan } from '../core/capacity/planner.ts';
import { createForecaster } from '../core/forecast/create.ts';
import type { Settings } from '../core/settings/schema.ts';
import { DAY, MINUTE } from '../core/time.ts';
import type { CompareInput } from './compare.ts';
import { deriveSettings, shardNames } from './input/derive.ts';
import { withSpot } from './input/derive-spot.ts';
import { indicatorsOf, type NamedIndicators } from './input/indicators.ts';
import { interruptionsFrom, type SpotTrace } from './input/spot.ts';
import type { LoadTrace, Window } from './load.ts';
import { fillToMinutes } from './model/fill.ts';
import { busiestOf } from './model/prepare.ts';
import type { Comparison, RunRecord } from './report/run-record.ts';
import { runBacktest } from './run.ts';

export interface JobOptions {
  /** @default derived from the load */
  readonly settings?: Settings;
  readonly peakInstances: number;
  readonly busiest?: number;
  readonly judgeDays?: number;
  readonly spot?: SpotTrace;
  /** Series that may lead the load, by the trace's shards. @default none but the sum of the others */
  readonly indicators?: NamedIndicators;
  readonly seed: number;
  readonly synthetic?: boolean;
  /** Shares of the whole done, 0 to 1, of the run and of the comparison beside it. */
  readonly onProgress?: (run: number, comparison: number) => void;
}

const JUDGED_DAYS = 28;
const HISTORY_DAYS = 14;
const HISTORY_SHARE = 0.6;
/** Older history than this changes no forecast. */
const FED_DAYS = 22;

/** One load file backtested: the run in the simulated world, and beside it, on another core, the comparison. */
export async function runJob(raw: LoadTrace, options: JobOptions): Promise<RunRecord> {
  const chosen = options.busiest === undefined ? raw : busiestOf(raw, options.busiest);
  const { settings, load, indicators } = match(chosen, options);
  const filled = fillToMinutes(load, options.seed);
  const { trace, window } = cut(filled, options.judgeDays);
  const share = { run: 0, comparison: 0 };
  const tell = () => options.onProgress?.(share.run, share.comparison);
  const beside = compareBeside({ trace, window, settings, indicators }, (done) => {
    share.comparison = done;
    tell();
  });
  const from = trace.start + window.history * MINUTE;
  const leading = indicatorsOf(trace, indicators);
  const [run, comparison] = await Promise.all([
    runBacktest({
      trace,
      window,
      settings,
      seed: options.seed,
      planner: plan,
      forecasterFactory: (used, shard) => createForecaster(used, shard, undefined, leading(shard)),
      title: raw.name,
      synthetic: options.synthetic ?? false,
      ...(options.spot && {
        spotEvents: interruptionsFrom(options.spot, from, trace.start + window.end * MINUTE),
      }),
      onProgress: (done, all) => {
        share.run = done / all;
        tell();
      },
    }),
    beside,
  ]);
  return { ...run, notes: [...(raw.notes ?? []), ...run.notes], comparison };
}

/** The window that is judged by default: the last 28 days that leave 14 days, or 60 % of a shorter trace, of history. */
export function judgedWindow(minutes: number, judgeDays?: number): Window {
  const needed = Math.floor(Math.min((HISTORY_DAYS * DAY) / MINUTE, HISTORY_SHARE * minutes));
  const wanted = Math.round(((judgeDays ?? JUDGED_DAYS) * DAY) / MINUTE);
  const history = Math.max(minutes - wanted, judgeDays === undefined ? needed : 0);
  return { history, end: minutes };
}

function cut(filled: LoadTrace, judgeDays: number | undefined): { trace: LoadTrace; window: Window } {
  const minutes = filled.values[0]!.length;
  const window = judgedWindow(minutes, judgeDays);
  if (window.history < 60 || window.end - window.history < 60) {
    throw new RangeError(
      `${filled.name}: expected at least an hour of history and one to judge, got ${window.history} and ${window.end - window.history} minutes`,
    );
  }
  const skipped = Math.max(0, window.history - (FED_DAYS * DAY) / MINUTE);
  return {
    trace: {
      ...filled,
      start: filled.start + skipped * MINUTE,
      values: filled.values.map((values) => values.slice(skipped)),
    },
    window: { history: window.history - skipped, end: minutes - skipped },
  };
}

/** Brings columns and shards together, in the order of the settings. @throws {Error} naming what does not match. */
function match(
  trace: LoadTrace,
  options: JobOptions,
): { settings: Settings; load: LoadTrace; indicators: NamedIndicators } {
  const names = shardNames(trace.shards);
  const derived = () => deriveSettings(trace, options.peakInstances);
  const settings = options.settings ?? (options.spot ? withSpot(derived(), options.spot) : derived());
  const columns = settings.shards.map(({ name }) => {
    const at = trace.shards.indexOf(name);
    return at === -1 ? names.indexOf(name) : at;
  });
  const missing = settings.shards.filter((_, s) => columns[s] === -1).map(({ name }) => name);
  if (missing.length > 0) {
    throw new Error(
      `${trace.name}: expected a column for each shard of the settings, got none for ${missing.join(', ')}`,
    );
  }
  const load = {
    ...trace,
    shards: settings.shards.map(({ name }) => name),
    values: columns.map((c) => trace.values[c]!),
  };
  const indicators = new Map(
    settings.shards.flatMap(({ name }, s) => {
      const theirs = options.indicators?.get(trace.shards[columns[s]!]!);
      return theirs ? [[name, theirs] as const] : [];
    }),
  );
  return { settings, load, indicators };
}

function compareBeside(input: CompareInput, onProgress: (share: number) => void): Promise<Comparison> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./compare-worker.ts', import.meta.url), { workerData: input });
    worker.on('message', (message: { done: number; all: number } | { comparison: Comparison }) => {
      if ('comparison' in message) resolve(message.comparison);
      else onProgress(message.done / message.all);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code !== 0) reject(new Error(`the comparison ended with code ${code}`));
    });
  });
}
