import { PACKED_DAYS } from '../../backtest/policies/ours-packed.ts';
import { PEERS } from '../../backtest/policies/sweep.ts';
import { formatTable } from '../../cli/table.ts';
import { geometricMean } from '../lib/results.ts';
import { dearer, meanRatio, packedRatios, ratioTo } from './metrics.ts';
import { CLAIRVOYANT, type Group } from './rows.ts';
import type { Separation } from './separation.ts';
import { type Cell, METRICS_AT, OURS } from './study.ts';

/** Everything that a person reads, most detailed first: the end stays on the screen. */
export function printed(
  cells: readonly Cell[],
  groups: readonly Group[],
  separations: readonly Separation[],
  metrics: Readonly<Record<string, number>>,
): string {
  return [
    ...partsOf(groups, ({ trace, size, delay }) => `${trace}, ${sizeText(size)}, ${delayText(delay)}`).map(
      ([title, part]) => `${title}\n\n${paretoTable(part)}`,
    ),
    ...partsOf(
      groups.filter(({ usualsOwn }) => !usualsOwn),
      ({ size, share, delay }) =>
        `Hours of ours over each policy's: ${percent(share)} unmet, ${sizeText(size)}, ${delayText(delay)}`,
    ).map(([title, part]) => `${title}\n\n${ratioTable(part)}`),
    ...partsOf(
      groups.filter(({ usualsOwn }) => usualsOwn),
      ({ size, delay }) =>
        `Hours of ours over the usual settings', at what those miss: ${sizeText(size)}, ${delayText(delay)}`,
    ).map(([title, part]) => `${title}\n\n${usualTable(part)}`),
    `What separates ours from the ideal, as ratios of hours, metrics in time\n\n${separationTable(separations)}`,
    ...packedPart(cells),
    verdict(groups),
    formatTable(
      ['metric', 'value'],
      Object.entries(metrics).map(([name, value]) => [name, round(value)]),
    ),
  ].join('\n\n');
}

function partsOf(groups: readonly Group[], title: (group: Group) => string): [string, Group[]][] {
  return Object.entries(Object.groupBy(groups, title)) as [string, Group[]][];
}

function paretoTable(groups: readonly Group[]): string {
  const table = formatTable(
    ['unmet', 'policy', 'hours', 'over clairvoyant', 'ours over it', 'knobs'],
    groups.flatMap(({ rows, share }) =>
      rows.map(({ policy, hours, overClairvoyant, oursOver, knobs }) => [
        percent(share),
        policy,
        hours.toFixed(1),
        round(overClairvoyant),
        round(oursOver),
        knobs,
      ]),
    ),
  );
  const never = groups
    .filter(({ never }) => never.length > 0)
    .map(({ share, never }) => `Never down to ${percent(share)}: ${never.join(', ')}.\n`);
  return table + never.join('');
}

function ratioTable(groups: readonly Group[]): string {
  const policies = [CLAIRVOYANT, ...PEERS.map(({ name }) => name)].filter(
    (policy) => meanRatio(groups, [policy]) !== undefined,
  );
  return formatTable(
    ['trace', ...policies],
    [
      ...groups.map((group) => [group.trace, ...policies.map((policy) => round(ratioTo(group, [policy])))]),
      ['geometric mean', ...policies.map((policy) => round(meanRatio(groups, [policy])))],
    ],
  );
}

function usualTable(groups: readonly Group[]): string {
  return formatTable(
    ['trace', 'unmet', 'ours over aws-usual'],
    [
      ...groups.map((group) => [
        group.trace,
        percent(group.share),
        group.never.includes(OURS) ? 'ours never gets there' : round(ratioTo(group, ['aws-usual'])),
      ]),
      ['geometric mean', '–', round(meanRatio(groups, ['aws-usual']))],
    ],
  );
}

function separationTable(separations: readonly Separation[]): string {
  const all = [
    ['whole instances', 'wholeInstances'],
    ['controller and stock', 'controller'],
    ['uncertainty', 'uncertainty'],
    ['ours over clairvoyant', 'oursOverClairvoyant'],
    ['late metrics', 'lateMetrics'],
  ] as const;
  const columns = all.filter(([, key]) => separations.some((each) => each[key] !== undefined));
  const kinds = Object.values(
    Object.groupBy(separations, ({ size, share }) => `${size} ${share}`),
  ) as Separation[][];
  const cells = (part: readonly Separation[]) =>
    columns.map(([, key]) => round(geometricMean(part.flatMap((each) => each[key] ?? []))));
  return formatTable(
    ['unmet', 'instances', 'trace', ...columns.map(([title]) => title)],
    kinds.flatMap((part) => [
      ...part.map((each) => [percent(each.share), each.size, each.trace, ...cells([each])]),
      [percent(part[0]!.share), part[0]!.size, 'geometric mean', ...cells(part)],
    ]),
  );
}

function packedPart(cells: readonly Cell[]): string[] {
  const ratios = packedRatios(cells);
  if (ratios.length === 0) return [];
  const table = formatTable(
    ['trace', 'shared over whole'],
    ratios.map(({ trace, ratio }) => [trace, ratio === undefined ? 'never gets there' : round(ratio)]),
  );
  const title = 'Hours of ours with four slices per instance over ours with whole instances';
  return [
    `${title}: ${percent(METRICS_AT.share)} unmet, ${sizeText(METRICS_AT.size)}, the busiest ${PACKED_DAYS} judged days\n\n${table}`,
  ];
}

function verdict(groups: readonly Group[]): string {
  const worse = dearer(groups);
  const { length } = groups.filter(({ usualsOwn }) => !usualsOwn);
  if (worse.length === 0) return `Ours is at or below the best real peer in all ${length} comparisons.`;
  const lines = worse.map(
    ({ group, peer }) =>
      `  ${group.trace}, ${percent(group.share)} unmet, ${sizeText(group.size)}, ${delayText(group.delay)}: ` +
      (peer.oursOver === undefined
        ? `ours never gets there, ${peer.policy} does`
        : `${round(peer.oursOver)} of ${peer.policy}`),
  );
  return `Ours is dearer than the best real peer in ${worse.length} of ${length} comparisons:\n${lines.join('\n')}`;
}

export function sizeText(size: number): string {
  return `${size} instances at a shard's peak`;
}

function delayText(seconds: number): string {
  return seconds === 0 ? 'metrics in time' : `metrics ${seconds} s late`;
}

/** A share as per cent, with as many digits as it needs. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function round(ratio: number | undefined): string {
  return ratio === undefined ? '–' : ratio.toFixed(4);
}
