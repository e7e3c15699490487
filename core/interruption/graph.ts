import type { ShardSettings } from '../settings/schema.ts';

/** The application's dependency graph, as the settings' `risk.dependsOn` give it: what fails with a shard. */
export type Dependants = ReadonlyMap<string, ReadonlySet<string>>;

/** All shards that cannot work without each one, directly or through others; itself never. Cycles end. */
export function dependantsOf(shards: readonly Pick<ShardSettings, 'name' | 'risk'>[]): Dependants {
  const direct = new Map<string, string[]>(shards.map(({ name }) => [name, []]));
  for (const { name, risk } of shards) for (const needed of risk.dependsOn) direct.get(needed)?.push(name);
  return new Map(
    shards.map(({ name }) => {
      const found = new Set<string>();
      const open = [...direct.get(name)!];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (next === name || found.has(next)) continue;
        found.add(next);
        open.push(...(direct.get(next) ?? []));
      }
      return [name, found];
    }),
  );
}
