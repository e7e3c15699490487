import { formatTable } from '../../cli/table.ts';
import { geometricMean } from '../lib/results.ts';
import { OURS } from './forecasters.ts';
import { coverages, GOALS, overBest, SPANS, type Span, type Spanned, spanned } from './metrics.ts';
import type { Score } from './score.ts';
import type { Time } from './study.ts';

const MEASURES = [
  ['WQL', (one: Spanned) => one.wql],
  ['MASE', (one: Spanned) => one.mase],
  ['WAPE over seasonal naive’s', (one: Spanned) => one.rwape],
] as const;

/** Tables per span and measure: every forecaster on every set, and ours over the best peer. */
export function accuracyText(
  scores: readonly Score[],
  own: readonly Score[],
  peers: readonly string[],
  times: readonly Time[],
): string {
  const spans = Object.keys(SPANS) as Span[];
  const tables = spans.flatMap((span) =>
    MEASURES.map(
      ([title, of]) => `${title}, ${SPANS[span].title}\n\n${measureTable(spanned(scores, span), peers, of)}`,
    ),
  );
  const covered = formatTable(
    ['set', '≤ .9 quantile', '≤ .99 quantile', 'loads', 'ms per point'],
    coverages(own).map(({ set, of90, of99 }) => [
      set,
      of90.toFixed(3),
      of99.toFixed(3),
      own.filter((score) => score.set === set).reduce((sum, { points }) => sum + points, 0),
      times.find((time) => time.set === set && time.forecaster === OURS)?.msPerPoint.toFixed(3) ?? '',
    ]),
  );
  return [
    ...tables,
    ...partsText(scores, peers),
    `Coverage of ours, all horizons, and CPU time of a point taken in\n\n${covered}`,
  ].join('\n');
}

/** What each part of ours would be alone, over ours: what is below 1 does better without the others. */
function partsText(scores: readonly Score[], peers: readonly string[]): string[] {
  return (Object.keys(SPANS) as Span[]).flatMap((span) => {
    const sets = [...spanned(scores, span)];
    const parts = new Set(sets.flatMap(([, spans]) => spans.map(({ forecaster }) => forecaster)));
    for (const name of [OURS, ...peers]) parts.delete(name);
    if (parts.size === 0) return [];
    const rows = [...parts].map((part) => {
      const ratios = sets.map(([, spans]) => {
        const wqlOf = (name: string) => spans.find(({ forecaster }) => forecaster === name)?.wql;
        return (wqlOf(part) ?? Number.NaN) / (wqlOf(OURS) ?? Number.NaN);
      });
      return [part, ...[...ratios, geometricMean(ratios) ?? Number.NaN].map(rounded)];
    });
    const header = ['part', ...sets.map(([set]) => set), 'geometric mean'];
    return [`WQL of each part alone over ours, ${SPANS[span].title}\n\n${formatTable(header, rows)}`];
  });
}

function measureTable(
  sets: ReadonlyMap<string, readonly Spanned[]>,
  peers: readonly string[],
  of: (one: Spanned) => number,
): string {
  const all = [...sets.values()].flat();
  const said = new Set(all.map(({ forecaster }) => forecaster));
  const names = [OURS, ...peers].filter((name) => said.has(name));
  const rows = [...sets].map(([set, spans]) => {
    const best = overBest(spans, peers, of);
    return [
      set,
      ...names
        .map((name) => spans.find(({ forecaster }) => forecaster === name))
        .map((one) => (one ? rounded(of(one)) : '')),
      best ? rounded(best.ratio) : '',
      best?.peer ?? '',
    ];
  });
  const ratios = [...sets.values()].flatMap((spans) => overBest(spans, peers, of)?.ratio ?? []);
  const mean = geometricMean(ratios)?.toFixed(3) ?? '';
  return formatTable(
    ['set', ...names, `${OURS} / best peer`, 'best peer'],
    [...rows, ['geometric mean', ...names.map(() => ''), mean, '']],
  );
}

/** @param all false: only what was measured */
export function metricsText(metrics: Readonly<Record<string, number>>, all: boolean): string {
  const goals = Object.entries(GOALS).filter(([name]) => all || metrics[name] !== undefined);
  return formatTable(
    ['metric', 'value', 'goal', ''],
    goals.map(([name, { least, most }]) => {
      const value = metrics[name];
      const bound = least !== undefined ? `≥ ${least}` : most !== undefined ? `≤ ${most}` : '';
      const met = value === undefined || (value >= (least ?? -Infinity) && value <= (most ?? Infinity));
      return [name, value === undefined ? 'not measured' : rounded(value), bound, met ? '' : 'missed'];
    }),
  );
}

/** Extrapolated trends have no bound. */
const rounded = (value: number) =>
  value >= 1e6 ? value.toExponential(0) : value >= 100 ? value.toFixed(0) : value.toFixed(3);
