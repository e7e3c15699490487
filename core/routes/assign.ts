import type { ShardSettings } from '../settings/schema.ts';
import { SHARDS_PER_BALANCER } from './problems.ts';
import type { Balancer, KnownRoute, SeenRule } from './seen.ts';

/**
 * The load balancer of each shard: where it is already; else the first one with room, so that adding a shard moves no
 * other. A shard for which there is no room is left out.
 * @param shards those that get a rule
 */
export function assign(
  shards: readonly ShardSettings[],
  balancers: readonly Balancer[],
  known: readonly KnownRoute[],
  rules: readonly SeenRule[],
): ReadonlyMap<string, Balancer> {
  const byListener = new Map(balancers.map((balancer) => [balancer.listener, balancer]));
  const listenerOf = new Map<string, string>();
  // What AWS says counts more than what was written down.
  for (const { shard, listener } of [...known, ...rules])
    if (shard !== undefined && listener !== undefined && byListener.has(listener))
      listenerOf.set(shard, listener);
  const assigned = new Map<string, Balancer>();
  const count = new Map(balancers.map(({ listener }) => [listener, 0]));
  const give = (shard: string, balancer: Balancer) => {
    assigned.set(shard, balancer);
    count.set(balancer.listener, count.get(balancer.listener)! + 1);
  };
  for (const { name } of shards) {
    const listener = listenerOf.get(name);
    if (listener !== undefined) give(name, byListener.get(listener)!);
  }
  for (const { name } of shards) {
    if (assigned.has(name)) continue;
    const free = balancers.find(({ listener }) => count.get(listener)! < SHARDS_PER_BALANCER);
    if (free !== undefined) give(name, free);
  }
  return assigned;
}
