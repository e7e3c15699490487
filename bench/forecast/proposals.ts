import { readLoad } from '../../backtest/input/read-load.ts';
import type { LoadTrace } from '../../backtest/load.ts';
import { Emerging } from '../../core/forecast/emerging/emerging.ts';
import { AHEAD, mean, SUSTAINED } from '../../core/forecast/emerging/outlook.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import { crossingsOf, thresholds } from './emergence.ts';

/** Share of the pooled shard's load that deserves a shard of its own. */
const SHARE = 0.1;
const CONFIDENCE = 0.7;
/** A pool of two is none. */
const FEWEST = 5;

export interface ProposalRow {
  readonly set: string;
  readonly keys: number;
  /** Crossings, and those that were proposed in time or while they lasted. */
  readonly crossings: number;
  readonly proposed: number;
  /** Proposals, and those whose key had the load when it was made or within a day of it. */
  readonly proposals: number;
  readonly right: number;
  /** Median of the minutes from proposal to crossing; positive: proposed before. */
  readonly leadMinutes: number;
}

export interface ProposalFigures {
  /** Of the sets with crossings, the mean share that was proposed; of those with proposals, that was right. */
  readonly proposalRecall: number;
  readonly proposalPrecision: number;
  /** Median over all crossings that were proposed; positive: before. */
  readonly proposalLeadMinutes: number;
  readonly rows: readonly ProposalRow[];
}

/** Hourly means of a trace's series; what is missing is 0, as a key that nobody counts. */
export function hoursOf({ step, values }: Pick<LoadTrace, 'step' | 'values'>, part = 1): number[][] {
  const per = Math.max(1, Math.round(HOUR / step));
  const count = Math.floor((values[0]!.length * part) / per);
  return values.map((loads) =>
    Array.from({ length: count }, (_, hour) => {
      const known = loads.subarray(hour * per, (hour + 1) * per).filter((load) => !Number.isNaN(load));
      return known.length === 0 ? 0 : known.reduce((sum, load) => sum + load, 0) / known.length;
    }),
  );
}

interface Made {
  readonly key: number;
  /** Index of the first hour that it did not know. */
  readonly hour: number;
  /** Index of the first hour in which it did not stand any more. */
  end: number;
}

/** Feeds the hours one after the other and notes what is newly proposed after each. */
function proposalsOf(hours: readonly (readonly number[])[], share: number): Made[] {
  const emerging = new Emerging({ of: 'pool', share, least: 0, confidence: CONFIDENCE });
  const made: Made[] = [];
  for (let hour = 0; hour < hours[0]!.length; hour++) {
    const counts = hours.map((loads, key) => [String(key), loads[hour]! * HOUR] as const);
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    emerging.observe({ from: hour * HOUR, to: (hour + 1) * HOUR, total, counts });
    const now = new Set(emerging.proposals().map(({ key }) => Number(key)));
    const open = made.filter(({ end }) => end === Number.POSITIVE_INFINITY);
    for (const one of open) if (!now.has(one.key)) one.end = hour + 1;
    for (const key of now)
      if (!open.some((one) => one.key === key))
        made.push({ key, hour: hour + 1, end: Number.POSITIVE_INFINITY });
  }
  return made;
}

/**
 * What a pool of these keys gave. A crossing is proposed by a proposal that stands when it begins, or is made while it
 * lasts; a proposal is right when its key has the load, kept up for hours, as it is made or within a day.
 * @param hours load of each key, hour by hour
 * @param share of the pool's load that deserves a shard
 */
export function judge(set: string, hours: readonly (readonly number[])[], share = SHARE) {
  const bars = thresholds(hours, share);
  const crossings = crossingsOf(hours, bars);
  const made = proposalsOf(hours, share);
  const leads = crossings.flatMap(({ key, hour }) => {
    const own = made.find((one) => one.key === key && one.end >= hour && one.hour <= hour + SUSTAINED);
    return own === undefined ? [] : [(hour - own.hour) * (HOUR / MINUTE)];
  });
  // Nobody knows how it goes on after the last hours.
  const judged = made.filter(({ hour }) => hour + AHEAD <= hours[0]!.length);
  const right = judged.filter(({ key, hour }) => keepsUp(hours[key]!, bars, hour - SUSTAINED, hour + AHEAD));
  const row: ProposalRow = {
    set,
    keys: hours.length,
    crossings: crossings.length,
    proposed: leads.length,
    proposals: judged.length,
    right: right.length,
    leadMinutes: median(leads),
  };
  return { row, leads };
}

/** Whether it is above the bar on average in some hours in a row from `from` to before `to`. */
function keepsUp(loads: readonly number[], bars: readonly number[], from: number, to: number): boolean {
  for (let first = Math.max(0, from); first + SUSTAINED <= to; first++)
    if (mean(loads, first, first + SUSTAINED) >= bars[first]!) return true;
  return false;
}

/** 0 of nothing: a figure is a number. */
const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const average = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Tenants hidden in one pooled shard: the series of each trace are the keys of one shard whose load is their sum.
 * @param load files of traces; those of fewer than {@link FEWEST} series are left out
 * @param part how much of each is looked at, from its beginning. @default all
 * @throws {InputError} {@link readLoad}'s
 */
export async function measureProposals(load: readonly string[], part = 1): Promise<ProposalFigures> {
  const judged = [];
  for (const file of load) {
    const trace = await readLoad(file);
    if (trace.shards.length >= FEWEST) judged.push(judge(trace.name, hoursOf(trace, part)));
  }
  const rows = judged.map(({ row }) => row);
  const share = (of: (row: ProposalRow) => readonly [number, number]) =>
    average(rows.map(of).flatMap(([some, all]) => (all > 0 ? [some / all] : [])));
  return {
    proposalRecall: share(({ proposed, crossings }) => [proposed, crossings]),
    proposalPrecision: share(({ right, proposals }) => [right, proposals]),
    proposalLeadMinutes: median(judged.flatMap(({ leads }) => leads)),
    rows,
  };
}
