import { DAY, type Seconds } from '../../core/time.ts';
import { type Answers, type Case, SCORED } from './answers.ts';
import type { Series } from './sets.ts';

/** How well one forecaster forecast one horizon of a set. Series count alike, whatever their loads and lengths. */
export interface Score {
  readonly set: string;
  readonly forecaster: string;
  readonly horizon: Seconds;
  /** Mean pinball loss over {@link SCORED} × 2, scaled as `mase`. */
  readonly wql: number;
  /** Absolute error of the median, over the series' mean absolute difference from a day to the next. */
  readonly mase: number;
  /** Absolute error of the median over the series' mean load. */
  readonly wape: number;
  /** Absolute error of the median over that of seasonal naive (a day) at the same points. */
  readonly rwape: number;
  /** Share of loads at or below the quantiles of {@link SCORED}. */
  readonly coverage: readonly number[];
  readonly points: number;
}

/**
 * What errors of a series are divided by. Both are of its whole length: a quiet past must not make an error endless.
 * Next to the mean load, bursts that nobody foresees weigh ten times as much as all other series together; next to the
 * difference from a day to the next they weigh about what others do.
 */
interface Scale {
  readonly level: number;
  readonly seasonal: number;
}

interface Sums {
  pinball: number;
  error: number;
  naive: number;
  readonly covered: number[];
  points: number;
}

/** Scores per set and horizon. Origins whose target is missing, or at which the forecaster says nothing, are left out. */
export function scoresOf(cases: readonly Case[], { forecaster, cases: answers }: Answers): Score[] {
  const groups = new Map<string, { set: string; horizon: Seconds; series: (Sums & Scale)[] }>();
  cases.forEach((one, c) => {
    const { set, step, horizons } = one.series;
    const scale = scaleOf(one.series);
    horizons.forEach((ahead, h) => {
      const sums = sumsOf(one, answers[c] ?? [], ahead, h);
      if (sums.points === 0) return;
      const horizon = ahead * step;
      const key = `${set} ${horizon}`;
      const group = groups.get(key) ?? { set, horizon, series: [] };
      groups.set(key, group);
      group.series.push({ ...sums, ...scale });
    });
  });
  return [...groups.values()].map(({ set, horizon, series }): Score => {
    const mean = (of: (one: Sums & Scale) => number) => average(series.map((one) => of(one) / one.points));
    const mase = mean(({ error, seasonal }) => error / seasonal);
    return {
      set,
      forecaster,
      horizon,
      wql: mean(({ pinball, seasonal }) => pinball / seasonal),
      mase,
      wape: mean(({ error, level }) => error / level),
      rwape: mase / mean(({ naive, seasonal }) => naive / seasonal),
      coverage: SCORED.map((_, l) => mean(({ covered }) => covered[l]!)),
      points: series.reduce((sum, { points }) => sum + points, 0),
    };
  });
}

/** Mean pinball loss over {@link SCORED}, × 2: 0 is a forecast that was sure and right. */
export function pinball(load: number, quantiles: readonly number[]): number {
  const losses = SCORED.map((level, l) => {
    const over = load - quantiles[l]!;
    return over >= 0 ? level * over : (level - 1) * over;
  });
  return 2 * average(losses);
}

/** The newest load known of the same time of day: seasonal naive. Where that is missing, a day earlier, and so on. */
export function sameTimeOfDay({ values, step }: Series, origin: number, ahead: number): number {
  const day = Math.max(1, Math.round(DAY / step));
  let at = origin + ahead - day * Math.ceil(ahead / day);
  while (at >= 0 && Number.isNaN(values[at])) at -= day;
  return at >= 0 ? values[at]! : Number.NaN;
}

function sumsOf({ series, origins }: Case, answers: readonly unknown[], ahead: number, h: number): Sums {
  const sums: Sums = { pinball: 0, error: 0, naive: 0, covered: SCORED.map(() => 0), points: 0 };
  origins.forEach((origin, o) => {
    const load = series.values[origin + ahead];
    const quantiles = (answers as Answers['cases'][number])[o]?.[h];
    const naive = sameTimeOfDay(series, origin, ahead);
    if (load === undefined || Number.isNaN(load) || quantiles === undefined || Number.isNaN(naive)) return;
    sums.pinball += pinball(load, quantiles);
    sums.error += Math.abs(load - quantiles[SCORED.indexOf(0.5)]!);
    sums.naive += Math.abs(load - naive);
    SCORED.forEach((_, l) => {
      if (load <= quantiles[l]!) sums.covered[l]! += 1;
    });
    sums.points += 1;
  });
  return sums;
}

function scaleOf({ values, step }: Series): Scale {
  const there = values.filter((value) => !Number.isNaN(value));
  const day = Math.max(1, Math.round(DAY / step));
  const moves = Array.from(values.subarray(day), (value, i) => Math.abs(value - values[i]!)).filter(
    (move) => !Number.isNaN(move),
  );
  const level = average(there);
  // A load that is the same every day has no seasonal error; its level is the only measure there is.
  return { level, seasonal: average(moves) || level };
}

const average = (values: ArrayLike<number>) =>
  values.length === 0 ? 0 : Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
