import { MEDIAN } from '../../core/forecast/forecast.ts';
import type { Scene } from './fleet.ts';

/**
 * The loop of the concept document as it is written: each shard is brought to what its forecast says it requires,
 * one after the other, from the ready pool and back to it. No priorities, guarantees, uncertainty, costs of switching,
 * starts or reasons. What it takes on the same input is the floor for anyone who reads the whole fleet.
 * @returns moves
 */
export function naiveLoop({ snapshot, forecasts, settings }: Scene): number {
  const readyPool: string[] = [];
  const instancesOf = new Map<string, string[]>(settings.shards.map(({ name }) => [name, []]));
  for (const instance of snapshot.instances) {
    if (instance.state !== 'running') continue;
    for (const { id, placement } of instance.slices) {
      if (placement.kind === 'ready') readyPool.push(id);
      else instancesOf.get(placement.shard)?.push(id);
    }
  }
  let moves = 0;
  for (const shard of settings.shards) {
    const load = forecasts.get(shard.name)!.horizons[0]!.quantiles[MEDIAN]!;
    const requiredCapacity = Math.ceil(load / shard.capacity.perInstance);
    const mine = instancesOf.get(shard.name)!;
    while (mine.length < requiredCapacity && readyPool.length > 0) {
      mine.push(readyPool.pop()!);
      moves += 1;
    }
    while (mine.length > requiredCapacity) {
      readyPool.push(mine.pop()!);
      moves += 1;
    }
  }
  return moves;
}
