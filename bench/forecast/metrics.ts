import { DAY, HOUR, type Seconds } from '../../core/time.ts';
import { geometricMean } from '../lib/results.ts';
import { SCORED } from './answers.ts';
import { OURS } from './forecasters.ts';
import type { Score } from './score.ts';

/** Horizons that a figure is about. */
export const SPANS = {
  '1h': { title: 'up to 1 h', has: (horizon: Seconds) => horizon <= HOUR },
  '24h': { title: '24 h', has: (horizon: Seconds) => horizon === DAY },
} as const;
export type Span = keyof typeof SPANS;

/** Bounds that are good. */
export const GOALS: Readonly<Record<string, { readonly least?: number; readonly most?: number }>> = {
  wqlVsBestPeer1h: { most: 0.8 },
  wqlVsBestPeer24h: { most: 0.7 },
  maseVsBestPeer1h: { most: 0.85 },
  rwape1h: { most: 0.35 },
  worstSetWql: { most: 1.05 },
  coverage90Min: { least: 0.87 },
  coverage90Max: { most: 0.93 },
  coverage99Min: { least: 0.98 },
  speedVsAutoEts: { least: 100 },
  shardsPerMinute: { least: 10_000 },
  peakMiB: { most: 256 },
  proposalRecall: {},
  proposalPrecision: {},
  proposalLeadMinutes: {},
  brokenMetricHours: {},
  newShardWql1h: {},
  newShardWql4h: {},
  newShardWql24h: {},
};

/** One forecaster over the horizons of a span; the mean of them. */
export interface Spanned {
  readonly set: string;
  readonly forecaster: string;
  readonly wql: number;
  readonly mase: number;
  readonly rwape: number;
}

/**
 * Per set, ours and the others at the same points. Whoever did not answer at all of them is left out, as is a set
 * that has no horizon in the span.
 */
export function spanned(scores: readonly Score[], span: Span): ReadonlyMap<string, readonly Spanned[]> {
  const within = scores.filter(({ horizon }) => SPANS[span].has(horizon));
  const bySet = Object.entries(Object.groupBy(within, ({ set }) => set)) as [string, Score[]][];
  return new Map(
    bySet.map(([set, ofSet]) => {
      const points = total(ofSet.filter(({ forecaster }) => forecaster === OURS));
      const byOne = Object.entries(Object.groupBy(ofSet, ({ forecaster }) => forecaster)) as [
        string,
        Score[],
      ][];
      return [
        set,
        byOne.filter(([, its]) => total(its) === points).map(([name, its]) => merged(set, name, its)),
      ];
    }),
  );
}

const total = (scores: readonly Score[]) => scores.reduce((sum, { points }) => sum + points, 0);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function merged(set: string, forecaster: string, scores: readonly Score[]): Spanned {
  return {
    set,
    forecaster,
    wql: mean(scores.map(({ wql }) => wql)),
    mase: mean(scores.map(({ mase }) => mase)),
    rwape: mean(scores.map(({ mase }) => mase)) / mean(scores.map(({ mase, rwape }) => mase / rwape)),
  };
}

/** Ours over the peer that is best on a set in hindsight; undefined where no peer answered. */
export function overBest(
  spans: readonly Spanned[],
  peers: readonly string[],
  of: (one: Spanned) => number,
): { readonly ratio: number; readonly peer: string } | undefined {
  const ours = spans.find(({ forecaster }) => forecaster === OURS);
  const [best] = spans.filter(({ forecaster }) => peers.includes(forecaster)).sort((a, b) => of(a) - of(b));
  // Two that were sure and right are equals.
  const ratio = ours && best && (of(ours) === of(best) ? 1 : of(ours) / of(best));
  return ratio === undefined ? undefined : { ratio, peer: best!.forecaster };
}

/** @param scores at the points that peers answered; `own`: of ours at more of them */
export function accuracyMetrics(
  scores: readonly Score[],
  own: readonly Score[],
  peers: readonly string[],
): Record<string, number> {
  const ratios = (span: Span, of: (one: Spanned) => number) =>
    [...spanned(scores, span).values()].flatMap((spans) => overBest(spans, peers, of)?.ratio ?? []);
  const wql = { near: ratios('1h', (one) => one.wql), far: ratios('24h', (one) => one.wql) };
  const rwapes = [...spanned(scores, '1h').values()].flatMap(
    (spans) => spans.find(({ forecaster }) => forecaster === OURS)?.rwape ?? [],
  );
  const covered = coverages(own);
  const both = [...wql.near, ...wql.far];
  return known({
    wqlVsBestPeer1h: geometricMean(wql.near),
    wqlVsBestPeer24h: geometricMean(wql.far),
    maseVsBestPeer1h: geometricMean(ratios('1h', (one) => one.mase)),
    rwape1h: geometricMean(rwapes),
    worstSetWql: both.length > 0 ? Math.max(...both) : undefined,
    coverage90Min: Math.min(...covered.map((one) => one.of90)),
    coverage90Max: Math.max(...covered.map((one) => one.of90)),
    coverage99Min: Math.min(...covered.map((one) => one.of99)),
  });
}

/** Coverage per set, all horizons together. */
export function coverages(scores: readonly Score[]): { set: string; of90: number; of99: number }[] {
  const bySet = Object.entries(Object.groupBy(scores, ({ set }) => set)) as [string, Score[]][];
  const at = (its: readonly Score[], level: (typeof SCORED)[number]) =>
    mean(its.map(({ coverage }) => coverage[SCORED.indexOf(level)]!));
  return bySet.map(([set, its]) => ({ set, of90: at(its, 0.9), of99: at(its, 0.99) }));
}

/** What was not measured has no number. */
export function known(metrics: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).filter(
      (entry): entry is [string, number] => entry[1] !== undefined && Number.isFinite(entry[1]),
    ),
  );
}
