import type { Move } from '../core/capacity/plan.ts';
import type { StoredSlice } from '../core/ports.ts';
import { ownerOf, type Placement } from '../core/shards/placement.ts';
import { MINUTE, type Seconds } from '../core/time.ts';

/** A move that was started. */
export interface StartedMove {
  /** Time of its plan. */
  readonly at: Seconds;
  readonly move: Pick<Move, 'slice' | 'from' | 'to'>;
  /** How it ended, if it has. */
  readonly outcome?: string;
}

/** A workflow claims its slice within seconds; one that has not by then never will. */
const UNSEEN: Seconds = 2 * MINUTE;

/**
 * Slices as the moves that were started will have them, where the store does not show it yet: a workflow needs some
 * seconds to its claim and its first write, and a plan made meanwhile would send others to the same shard.
 */
export function underWay(
  stored: ReadonlyMap<string, StoredSlice>,
  moves: readonly StartedMove[],
  now: Seconds,
): ReadonlyMap<string, StoredSlice> {
  const changed = new Map<string, StoredSlice>();
  for (const { at, move, outcome } of moves) {
    if (outcome !== undefined || now - at >= UNSEEN) continue;
    const item = stored.get(move.slice);
    if (item === undefined || item.placement.since > at || !isWhere(item.placement, move.from)) continue;
    const placement = begun(move, at);
    if (placement !== undefined) changed.set(move.slice, { ...item, placement });
  }
  return changed;
}

const isWhere = (placement: Placement, from: Move['from']) =>
  placement.kind === from.kind && ownerOf(placement) === (from.kind === 'ready' ? undefined : from.shard);

/** Where the first steps of a move bring a slice; undefined for a reservation, which serves nothing before and after. */
function begun({ from, to }: StartedMove['move'], since: Seconds): Placement | undefined {
  if (from.kind === 'active')
    return { kind: 'draining', since, shard: from.shard, ...(to.kind === 'active' && { to: to.shard }) };
  return to.kind === 'active' ? { kind: 'activating', since, shard: to.shard } : undefined;
}
