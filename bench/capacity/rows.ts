import { hoursAt } from '../../backtest/model/pareto.ts';
import { USUAL } from '../../backtest/policies/usual.ts';
import { floorAt } from './floor.ts';
import { type Cell, OURS } from './study.ts';

/** One policy at one unmet share: what `--json` writes per row. */
export interface Row {
  readonly trace: string;
  readonly peakInstances: number;
  readonly unmetShare: number;
  /** The share is what the usual settings miss, not one that was asked for: only ours is compared there. */
  readonly usualsOwn: boolean;
  readonly delaySeconds: number;
  readonly policy: string;
  readonly hours: number;
  readonly overClairvoyant: number;
  /** Hours of ours over this policy's; absent where ours never gets down to the share. */
  readonly oursOver?: number;
  readonly knobs: string;
}

/** The rows of one trace, size, delay and unmet share, cheapest first, and who never gets down to that share. */
export interface Group {
  readonly trace: string;
  readonly size: number;
  readonly share: number;
  readonly usualsOwn: boolean;
  /** Seconds. */
  readonly delay: number;
  readonly rows: readonly Row[];
  readonly never: readonly string[];
}

export const CLAIRVOYANT = 'clairvoyant';

/** @param delays minutes, as the cells' fronts are in their order */
export function groupsOf(
  cells: readonly Cell[],
  shares: readonly number[],
  delays: readonly number[],
): Group[] {
  return cells.flatMap((cell) =>
    delays.flatMap((delay, d) => {
      const usual = cell.fronts[d]!.find(({ policy }) => policy === USUAL.name)!.outcomes[0]!;
      return [
        ...shares.map((share) => groupOf(cell, d, 60 * delay, share, false)),
        ...(usual.unmet > 0 ? [groupOf(cell, d, 60 * delay, usual.unmet, true)] : []),
      ];
    }),
  );
}

function groupOf(cell: Cell, d: number, delay: number, share: number, usualsOwn: boolean): Group {
  const wanted = cell.fronts[d]!.filter(
    ({ policy }) => !usualsOwn || policy === OURS || policy === USUAL.name,
  );
  const bound = floorAt(cell.floor, share);
  const found = wanted.flatMap(({ policy, outcomes }) => {
    const hours = hoursAt(outcomes, share);
    if (hours === undefined) return [];
    const met = outcomes.findLast(({ unmet }) => unmet <= share)!;
    return [{ policy, hours, knobs: met.knobs }];
  });
  const ours = found.find(({ policy }) => policy === OURS)?.hours;
  const rows = [{ policy: CLAIRVOYANT, hours: bound, knobs: 'knows the load; a bound' }, ...found]
    .sort((a, b) => a.hours - b.hours)
    .map((each) => ({
      trace: cell.trace,
      peakInstances: cell.size,
      unmetShare: share,
      usualsOwn,
      delaySeconds: delay,
      ...each,
      overClairvoyant: each.hours / bound,
      ...(ours !== undefined && { oursOver: ours / each.hours }),
    }));
  const never = wanted.filter(({ policy }) => !found.some((each) => each.policy === policy));
  return {
    trace: cell.trace,
    size: cell.size,
    share,
    usualsOwn,
    delay,
    rows,
    never: never.map(({ policy }) => policy),
  };
}
