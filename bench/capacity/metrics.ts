import { geometricMean } from '../lib/results.ts';
import { CLAIRVOYANT, type Group, type Row } from './rows.ts';
import { type Cell, METRICS_AT, OURS } from './study.ts';

const FAST = ['target-tracking-fast', 'target-tracking-fast-warm', 'aws-predictive-fast'];

/**
 * Geometric means over the traces, at 0.1 % unmet, 20 instances at a shard's peak and metrics in time. A mean that no
 * trace has a part in (another size or share was asked for, no peer gets there) is left out.
 */
export function metricsOf(groups: readonly Group[], cells: readonly Cell[]): Record<string, number> {
  const here = groups.filter(({ size, delay }) => size === METRICS_AT.size && delay === METRICS_AT.delay);
  const asked = here.filter(({ usualsOwn, share }) => !usualsOwn && share === METRICS_AT.share);
  const own = here.filter(({ usualsOwn }) => usualsOwn);
  const means = {
    hoursVsClairvoyant: meanRatio(asked, [CLAIRVOYANT]),
    hoursVsAwsPredictive: meanRatio(asked, ['aws-predictive']),
    hoursVsAwsFast: meanRatio(asked, FAST),
    hoursVsAwsUsual: meanRatio(own, ['aws-usual']),
    hoursPackedVsWhole: geometricMean(packedRatios(cells).flatMap(({ ratio }) => ratio ?? [])),
    neverDearer: dearer(groups).length === 0 ? 1 : 0,
  };
  return Object.fromEntries(Object.entries(means).filter(([, value]) => value !== undefined)) as Record<
    string,
    number
  >;
}

/** Mean of ours over the cheapest of these policies; groups in which ours or all of them are missing are left out. */
export function meanRatio(groups: readonly Group[], policies: readonly string[]): number | undefined {
  return geometricMean(groups.flatMap((group) => ratioTo(group, policies) ?? []));
}

/** Ours over the cheapest of these policies in one group. */
export function ratioTo({ rows }: Group, policies: readonly string[]): number | undefined {
  return rows.find(({ policy }) => policies.includes(policy))?.oursOver;
}

/**
 * Groups at the shares asked for in which a real peer is cheaper than ours, or gets to a share that ours does not,
 * with that peer's row.
 */
export function dearer(groups: readonly Group[]): { group: Group; peer: Row }[] {
  return groups.flatMap((group) => {
    if (group.usualsOwn) return [];
    const peer = group.rows.find(({ policy }) => policy !== CLAIRVOYANT && policy !== OURS);
    if (peer === undefined || (peer.oursOver !== undefined && peer.oursOver <= 1)) return [];
    return [{ group, peer }];
  });
}

/** Shared over whole instances per trace, where it was played; no ratio where one of the two never got to the share. */
export function packedRatios(cells: readonly Cell[]): { trace: string; ratio?: number }[] {
  return cells.flatMap(({ trace, packedVsWhole }) =>
    packedVsWhole === undefined
      ? []
      : [{ trace, ...(!Number.isNaN(packedVsWhole) && { ratio: packedVsWhole }) }],
  );
}
