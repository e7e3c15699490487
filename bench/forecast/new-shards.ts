import type { Indicators } from '../../core/forecast/forecast.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { geometricMean } from '../lib/results.ts';
import { AT } from './answers.ts';
import { makeForecaster, OURS } from './forecasters.ts';
import { othersOf } from './play.ts';
import { pinball } from './score.ts';
import { PARTS, type Part, readSets, type Series } from './sets.ts';

/** Horizons (s). */
const AHEAD: readonly Seconds[] = [HOUR, 4 * HOUR, DAY];
/** Each series begins anew at these shares of its part. */
const BEGINS = [0, 0.25, 0.5];
/** Its first forecast that is scored, seconds after it began; then one each half hour, of two days. */
const FIRST: Seconds = 2 * HOUR;
const EVERY: Seconds = 30 * MINUTE;
const DAYS = 2;

export interface NewShardRow {
  readonly set: string;
  /** 1: the shard's first day. */
  readonly day: number;
  /** WQL where the other shards are known over that where they are not, by horizon. */
  readonly '1h': number;
  readonly '4h': number;
  readonly '24h': number;
}

export interface NewShardFigures {
  /** Geometric means of the first day's rows. */
  readonly newShardWql1h: number;
  readonly newShardWql4h: number;
  readonly newShardWql24h: number;
  readonly rows: readonly NewShardRow[];
}

/**
 * Shards that begin while others have been running for days: what the others' day is worth to their first forecasts.
 * @param files load histories; those of one series are left out
 */
export async function measureNewShards(
  files: readonly string[],
  part: Part,
  most: number,
): Promise<NewShardFigures> {
  const sets = (await readSets(files, most)).filter((set) => set.length > 1);
  const rows = sets.flatMap((set) => rowsOf(set, part));
  const first = rows.filter(({ day }) => day === 1);
  const mean = (of: (row: NewShardRow) => number) => geometricMean(first.map(of)) ?? Number.NaN;
  return {
    newShardWql1h: mean((row) => row['1h']),
    newShardWql4h: mean((row) => row['4h']),
    newShardWql24h: mean((row) => row['24h']),
    rows,
  };
}

const NOTHING: Indicators = { names: [], at: () => Number.NaN };

function rowsOf(set: readonly Series[], part: Part): NewShardRow[] {
  // By day and horizon: with the others, and without.
  const sums = Array.from({ length: DAYS }, () => AHEAD.map(() => [0, 0]));
  const [from, to] = PARTS[part];
  for (const one of set)
    for (const share of BEGINS) {
      const begin = Math.round((from + share * (to - from)) * one.values.length);
      const scale = levelOf(one, begin);
      if (scale === 0) continue;
      const losses = [othersOf(one), NOTHING].map((indicators) => lossesOf(one, begin, indicators));
      for (const [side, loss] of losses.entries())
        for (const [day, ofDay] of loss.entries())
          for (const [h, value] of ofDay.entries()) sums[day]![h]![side]! += value / scale;
    }
  return sums.flatMap((ofDay, day) => {
    const [hour, four, next] = ofDay.map(([known, alone]) => known! / alone!);
    const { set: name } = set[0]!;
    return Number.isFinite(hour) ? [{ set: name, day: day + 1, '1h': hour!, '4h': four!, '24h': next! }] : [];
  });
}

/** Mean load of the days that are scored. */
function levelOf({ values, step }: Series, begin: number): number {
  const there = values
    .subarray(begin, begin + Math.round((DAYS * DAY) / step))
    .filter((value) => !Number.isNaN(value));
  return there.length === 0 ? 0 : there.reduce((sum, value) => sum + value, 0) / there.length;
}

/** Sums of losses of a shard that begins there, by day and horizon. */
function lossesOf(series: Series, begin: number, indicators: Indicators): number[][] {
  const { values, step, start, name } = series;
  const leads = AHEAD.filter((ahead) => ahead % step === 0);
  const one = makeForecaster(OURS, { shard: name, leads, step, indicators });
  const sums = Array.from({ length: DAYS }, () => AHEAD.map(() => 0));
  const every = Math.max(1, Math.round(EVERY / step));
  const points = Math.min(values.length - begin, Math.round((DAYS * DAY) / step));
  for (let i = 0; i < points; i++) {
    const now = start + (begin + i) * step;
    if (!Number.isNaN(values[begin + i])) one.observe({ time: now, load: values[begin + i]! });
    if (i * step < FIRST || i % every !== 0) continue;
    const { horizons } = one.forecast(now, leads);
    for (const [h, { ahead, quantiles }] of horizons.entries()) {
      const load = values[begin + i + ahead / step];
      if (load === undefined || Number.isNaN(load)) continue;
      sums[Math.floor((i * step) / DAY)]![h]! += pinball(
        load,
        AT.map((level) => quantiles[level]!),
      );
    }
  }
  return sums;
}
