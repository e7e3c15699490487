import type { Settings } from '../../core/settings/schema.ts';
import { parseSliceId, shareOf, sliceIdsOf } from '../../core/shards/slice.ts';
import type { World } from './world.ts';

/**
 * Lays the fleet as it stands when the world begins: each shard serves its first minute's load with as few slices as
 * will do, and at least its guarantee; slices are packed; a standby shard without load is powered down.
 * Shards of higher priority come first where `fleet.max` is short.
 */
export function populate(world: World): void {
  const { settings, store, loadBalancer, hosts } = world;
  const since = world.clock.now();
  let free: string[] = [];
  const next = (): string | undefined => {
    if (free.length === 0 && world.fleet.size() < settings.fleet.max) {
      const spot = world.fleet.all().filter(({ group }) => group === 'spot').length;
      const wanted = settings.fleet.spotShare * (world.fleet.size() + 1);
      const { id } = world.fleet.seed(spot + 0.5 < wanted ? 'spot' : 'steady');
      free = sliceIdsOf(id, settings);
      for (const slice of free) store.seed(slice, { kind: 'ready', since });
    }
    return free.shift();
  };
  for (const shard of settings.shards.toSorted((a, b) => b.priority - a.priority)) {
    const service = world.services.get(shard.name);
    const load = service?.load[0] ?? 0;
    let need = sleeps(shard, load) ? 0 : Math.max(shard.guarantee * shard.capacity.perInstance, load);
    let most = (shard.max ?? settings.fleet.max) * settings.fleet.slicesPerInstance;
    while (need > 1e-9 && most-- > 0) {
      const slice = next();
      if (slice === undefined) break;
      store.seed(slice, { kind: 'active', since, shard: shard.name });
      hosts.environments.set(slice, shard.name);
      loadBalancer.seed(shard.name, slice);
      const type = world.fleet.get(parseSliceId(slice).instance)?.type ?? '';
      need -= shareOf(type, settings) * shard.capacity.perInstance;
    }
    if (sleeps(shard, load))
      for (let i = 0; i < (shard.standby?.instances ?? 0); i++) world.fleet.seed('steady', shard.name);
  }
}

type Shard = Settings['shards'][number];

const sleeps = (shard: Shard, load: number) => shard.standby !== undefined && load === 0;
