import { type Path, type Problem, show } from '../settings/problem.ts';
import type { Settings, ShardSettings } from '../settings/schema.ts';

/**
 * Target groups on one load balancer. AWS allows 100 (a hard quota), and as many rules unless raised; what is left is
 * for others' groups and for a route that changes, which needs its old and its new rule for a moment.
 */
export const SHARDS_PER_BALANCER = 90;

/** Load balancers that these settings need. Shards that keep a target group of their own need none. */
export function balancersNeeded(settings: Settings): number {
  return Math.max(1, Math.ceil(ownShards(settings).length / SHARDS_PER_BALANCER));
}

/** What the number of load balancers does not allow; for synth and for route-sync. Empty: nothing is wrong. */
export function routeProblems(settings: Settings, loadBalancers: number): Problem[] {
  const own = ownShards(settings);
  const problems: Problem[] = [];
  const most = SHARDS_PER_BALANCER * loadBalancers;
  if (own.length > most) {
    const expected = `at most ${most} shards without targetGroup (${SHARDS_PER_BALANCER} on each of ${loadBalancers} load balancers)`;
    problems.push({ path: ['shards'], expected, got: String(own.length) });
  }
  for (const [i, shard] of settings.shards.entries()) {
    if (shard.targetGroup !== undefined || loadBalancers < 2 || isHost(shard)) continue;
    // A path leads to one load balancer: only a name of its own can lead to the right one.
    const expected = `a host, because ${loadBalancers} load balancers share the shards`;
    problems.push({ path: ['shards', i, 'route'], expected, got: show(shard.route ?? `/${shard.name}/*`) });
  }
  return [...problems, ...sharedGroups(settings)];
}

/** Shards for which route-sync makes a target group. */
export function ownShards({ shards }: Settings): ShardSettings[] {
  return shards.filter(({ targetGroup }) => targetGroup === undefined);
}

const isHost = ({ route }: ShardSettings) => route !== undefined && 'host' in route;

function sharedGroups({ shards }: Settings): Problem[] {
  const first = new Map<string, string>();
  return shards.flatMap(({ name, targetGroup }, i) => {
    if (targetGroup === undefined) return [];
    const other = first.get(targetGroup);
    first.set(targetGroup, other ?? name);
    if (other === undefined) return [];
    const path: Path = ['shards', i, 'targetGroup'];
    return [{ path, expected: `a target group that shard ${other} does not have`, got: show(targetGroup) }];
  });
}
