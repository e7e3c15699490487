import { closest } from 'fastest-levenshtein';
import { Modes } from '../../adapters/aws/modes.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { ApiProblem } from '../../core/api/problem.ts';
import type { StoredSlice } from '../../core/ports.ts';
import type { Mode, Settings, ShardSettings } from '../../core/settings/schema.ts';
import { ownerOf } from '../../core/shards/placement.ts';
import type { ApiParts } from './parts.ts';

/** @throws {ApiProblem} `not-found`, with the nearest name there is */
export function knownShard({ shards }: Settings, name: string): ShardSettings {
  const found = shards.find((shard) => shard.name === name);
  if (found !== undefined) return found;
  const nearest = closest(
    name,
    shards.map((shard) => shard.name),
  );
  throw new ApiProblem('not-found', `no shard "${name}" in the settings; the nearest is "${nearest}"`);
}

/** Its mode now: switched by the command line, or as the settings say. */
export async function modeOf({ table }: ApiParts, { name, mode }: ShardSettings): Promise<Mode> {
  return (await new Modes(table).read()).modes[name] ?? mode;
}

/**
 * @throws {ApiProblem} `conflict` where the shard is not active: in shadow nothing is touched, in hold only what was
 * lost is replaced
 */
export async function mustBeActive(parts: ApiParts, shard: ShardSettings): Promise<void> {
  const mode = await modeOf(parts, shard);
  if (mode === 'active') return;
  const bound = 'active';
  throw new ApiProblem('conflict', `mode of ${shard.name}: expected ${bound}, got ${mode}`, [
    { field: 'mode', bound, value: mode },
  ]);
}

/** Slices that the shard owns, by id: whole fleet read, because no index is by shard. */
export async function slicesOf({ table, clock }: ApiParts, shard: string): Promise<readonly StoredSlice[]> {
  const all = await new DynamoStore(table, clock).slices();
  return all.filter(
    ({ placement }) =>
      ownerOf(placement) === shard || (placement.kind === 'reserved' && placement.also?.includes(shard)),
  );
}
