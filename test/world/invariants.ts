import type { World } from '../../backtest/world/world.ts';
import { ownerOf } from '../../core/shards/placement.ts';

/**
 * What must hold at every instant (DESIGN, invariants 1, 2 and 4): one sentence per violation. A slice has at most one
 * shard; where it is registered or draining, that shard owns it; what may get traffic is in its shard's environment.
 */
export async function violations(world: World): Promise<string[]> {
  const found: string[] = [];
  const stored = new Map((await world.store.slices()).map((item) => [item.slice, item.placement]));
  const seen = new Map<string, string>();
  for (const [shard, slice, state] of world.loadBalancer.targets()) {
    const where = `${slice} is ${state} at ${shard}`;
    const other = seen.get(slice);
    if (other !== undefined) found.push(`${where}, and registered at ${other}`);
    seen.set(slice, shard);
    const placement = stored.get(slice);
    if (placement === undefined) found.push(`${where}, and not in the store`);
    else if (ownerOf(placement) !== shard || placement.kind === 'reserved')
      found.push(`${where}, and ${placement.kind} of ${ownerOf(placement)} in the store`);
    const environment = world.hosts.environments.get(slice);
    if (state !== 'draining' && environment !== shard)
      found.push(`${where}, and in the environment of ${environment}`);
  }
  const { max, warmMax = max } = world.settings.fleet;
  if (world.fleet.size() > max) found.push(`${world.fleet.size()} instances run, of ${max} allowed`);
  const warm = world.fleet.all().filter(({ state }) => state === 'warm').length;
  if (warm > warmMax) found.push(`${warm} instances are warm, of ${warmMax} allowed`);
  return found;
}

/** Goes on second by second and collects what is violated meanwhile. */
export async function watch(world: World, until: number): Promise<string[]> {
  const found: string[] = [];
  while (world.clock.now() < until) {
    await world.runUntil(Math.min(until, world.clock.now() + 1));
    for (const violation of await violations(world)) found.push(`${world.clock.now()}: ${violation}`);
  }
  return found;
}
