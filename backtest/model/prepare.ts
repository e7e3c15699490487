import type { LoadTrace, Window } from '../load.ts';
import { fillToMinutes } from './fill.ts';
import type { ModelTrace } from './model.ts';

const DAY_MINUTES = 1440;
const HISTORY_DAYS = 14;
const HISTORY_SHARE = 0.6;
/** Longest judged part: one shard costs less to replay than several. */
const JUDGED_DAYS = { one: 70, several: 40 };
/** All benches fill coarse traces with the same noise. */
const FILL_SEED = 1;

export interface PrepareOptions {
  /** Only so many shards, those with the highest mean load. @default all */
  readonly busiest?: number;
  /** Cuts the judged part to so many days, for quick looks. @default 70 for one shard, 40 for several */
  readonly days?: number;
}

/**
 * A trace as the minute model eats it: the busiest shards, filled to minutes, cut where the judged part ends. Peaks
 * are those of the whole trace, so that a cut does not change what an instance can carry.
 * @throws {RangeError} when too little is left to judge
 */
export function prepareTrace(trace: LoadTrace, options: PrepareOptions = {}): ModelTrace {
  const chosen = busiestOf(trace, options.busiest ?? trace.shards.length);
  const filled = fillToMinutes(chosen, FILL_SEED);
  // Behind its last value a filled trace is empty, and that is not a fall of the load.
  const minutes = Math.floor(((trace.values[0]!.length - 1) * trace.step) / 60) + 1;
  const { history, end } = windowOf(minutes, chosen.shards.length, options.days);
  if (history < 1 || end - history < 60) {
    throw new RangeError(
      `${trace.name}: expected at least an hour to judge after the history, got ${minutes} minutes in all`,
    );
  }
  return {
    name: trace.name,
    shards: chosen.shards,
    load: filled.values.map((values) => values.slice(0, end)),
    peaks: filled.values.map(peakOf),
    history,
    start: trace.start,
  };
}

/** History: 14 days, or 60 % of a shorter trace. Judged: the rest, at most 70 days of one shard or 40 of several. */
export function windowOf(minutes: number, shards: number, days?: number): Window {
  const history = Math.floor(Math.min(HISTORY_DAYS * DAY_MINUTES, HISTORY_SHARE * minutes));
  const most = shards === 1 ? JUDGED_DAYS.one : JUDGED_DAYS.several;
  const judged = Math.min(days ?? most, most) * DAY_MINUTES;
  return { history, end: Math.min(minutes, history + Math.floor(judged)) };
}

/** The shards with the highest mean load, missing values aside; equal ones stay in the trace's order. */
export function busiestOf(trace: LoadTrace, count: number): LoadTrace {
  const means = trace.values.map(meanOf);
  const order = trace.shards
    .map((_, s) => s)
    .sort((a, b) => means[b]! - means[a]! || a - b)
    .slice(0, count);
  return {
    ...trace,
    shards: order.map((s) => trace.shards[s]!),
    values: order.map((s) => trace.values[s]!),
  };
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  let known = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    known++;
  }
  return known > 0 ? sum / known : 0;
}

function peakOf(values: Float64Array): number {
  let peak = 0;
  for (const value of values) if (value > peak) peak = value;
  return peak;
}
