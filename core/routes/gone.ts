import type { Settings } from '../settings/schema.ts';
import { ownShards } from './problems.ts';
import type { SeenRoutes } from './seen.ts';

/** What is left of a shard that is not in the settings any more, or keeps another group now. */
export interface GoneRoute {
  readonly shard: string;
  readonly deleteRules: readonly string[];
  /** Absent: it waits for `slices`, or it is not ours. */
  readonly deleteGroup?: string;
  /** Slices that it still has: they drain first. */
  readonly slices: number;
  /** Whether its `route` item goes too. */
  readonly forget: boolean;
}

/** Groups and rules of ours whose shard is not in the settings, or keeps a group of its own now. */
export function goneRoutes(settings: Settings, seen: SeenRoutes, waiting: ReadonlySet<string>): GoneRoute[] {
  const own = new Set(ownShards(settings).map(({ name }) => name));
  const declared = new Set(settings.shards.map(({ name }) => name));
  const groups = new Map(
    seen.groups.flatMap((one) => (one.shard === undefined ? [] : [[one.shard, one.arn]])),
  );
  const rules = Map.groupBy(
    seen.rules.filter((one) => one.shard !== undefined),
    (one) => one.shard!,
  );
  const left = new Set([...groups.keys(), ...rules.keys(), ...seen.known.map(({ shard }) => shard)]);
  return [...left].sort().flatMap((shard): GoneRoute[] => {
    if (own.has(shard) || waiting.has(shard)) return [];
    const deleteRules = (rules.get(shard) ?? []).map(({ arn }) => arn);
    const group = groups.get(shard);
    const forget = !declared.has(shard);
    const slices = seen.slices.get(shard) ?? 0;
    if (!forget && deleteRules.length === 0 && group === undefined) return [];
    // No new requests at once; the group only when nobody is in it, because moves deregister from it.
    if (slices > 0 && forget) return [{ shard, deleteRules, slices, forget: false }];
    return [
      { shard, deleteRules, ...(group === undefined ? {} : { deleteGroup: group }), slices: 0, forget },
    ];
  });
}
