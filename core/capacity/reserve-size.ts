import type { Draft } from './draft.ts';
import type { Leads } from './horizons.ts';

/**
 * Units that a slice needs which takes over from one of a shard's: for the load that is likely by then, not for the one
 * that there is; at most what its slices have.
 */
export function unitsNeeded(draft: Draft, name: string, leads: Leads): number {
  const s = draft.shardAt.get(name);
  if (s === undefined) return 0;
  const { ahead, slice, holding } = draft.shards[s]!;
  const largest = holding.active.reduce((most, { units }) => Math.max(most, units), 0);
  if (holding.active.length === 0) return 0;
  return Math.min(largest, ahead.ticks[leads.start]!.at(0.9) / slice / holding.active.length);
}
