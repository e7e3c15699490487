import type { Dependants } from './graph.ts';
import type { SliceRisk } from './risk.ts';

/** What may be interrupted, and what that would cost. */
export interface Interruptible {
  /** Slice or VM shard. */
  readonly id: string;
  readonly shard: string;
  /** In [0, 1]. */
  readonly cost: number;
}

/**
 * What to interrupt first: the cheapest, with all that fails along with it. What others depend on costs at least as much as
 * the dearest of them. Ties by id, so that the list is the same each time.
 */
export function interruptFirst(all: readonly Interruptible[], dependants: Dependants): Interruptible[] {
  const dearest = new Map<string, number>();
  for (const { shard, cost } of all) dearest.set(shard, Math.max(dearest.get(shard) ?? 0, cost));
  const whole = ({ shard, cost }: Interruptible) =>
    [...(dependants.get(shard) ?? [])].reduce((most, one) => Math.max(most, dearest.get(one) ?? 0), cost);
  return all
    .map((one) => ({ ...one, cost: whole(one) }))
    .sort((a, b) => a.cost - b.cost || (a.id < b.id ? -1 : 1));
}

/** Who needs a reserve most: by likelihood × cost. */
export const mostAtRisk = (risks: readonly SliceRisk[]): SliceRisk[] =>
  [...risks].sort((a, b) => b.score - a.score || (a.slice < b.slice ? -1 : 1));
