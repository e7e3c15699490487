import type { Failure } from '../core/failure.ts';
import type { StoredSlice } from '../core/ports.ts';

/** Active slices of a shard that no workflow holds, by their health. */
export interface Sick {
  well: number;
  readonly unwell: StoredSlice[];
}

/**
 * Which unhealthy slices are replaced now: all of them where others of their shard are well. Where none is, it is more
 * likely the service than its instances, and a load balancer then sends to all of them: taking them out would take
 * the shard down. So one is replaced, and the next one only when it is seen what came of that.
 * @param leaving shards of which a slice is on its way out already, besides what its placement says
 */
export function replaceable(
  stored: readonly StoredSlice[],
  sick: ReadonlyMap<string, Sick>,
  leaving: ReadonlySet<string>,
  failures: Failure[],
): StoredSlice[] {
  const moving = new Set(leaving);
  for (const { placement } of stored) {
    if (placement.kind !== 'activating' && placement.kind !== 'draining') continue;
    moving.add(placement.shard);
    if (placement.kind === 'draining' && placement.to !== undefined) moving.add(placement.to);
  }
  return [...sick].flatMap(([shard, { well, unwell }]) => {
    if (well > 0) return unwell;
    const error = `all ${unwell.length} slices are unhealthy: replaced one by one, the next when the last one serves`;
    if (unwell.length > 1) failures.push({ what: `health of shard ${shard}`, error });
    unwell.sort((a, b) => (a.slice < b.slice ? -1 : 1));
    return moving.has(shard) ? [] : unwell.slice(0, 1);
  });
}
