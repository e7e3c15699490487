import { OTHERS } from '../../core/forecast/indicators/sources.ts';
import { inOrder, type Points } from '../../core/forecast/series/points.ts';
import { MOST_INDICATORS } from '../../core/settings/indicators.ts';
import { inputError } from './input-error.ts';
import { anyOrMissing, readSeries } from './read-load.ts';

/** Indicators of each shard, by name. */
export type IndicatorFile = ReadonlyMap<string, ReadonlyMap<string, Points>>;

/**
 * Reads series that may lead the load: a CSV as the load's, with a column `shard/indicator` for one shard, and
 * `indicator` for all of them. Any finite number will do.
 * @throws {InputError} when the file cannot be used, or a shard has too many indicators
 */
export async function readIndicators(path: string, shards: readonly string[]): Promise<IndicatorFile> {
  const all = inOrder(await readSeries(path, anyOrMissing));
  const byShard = new Map(shards.map((shard) => [shard, new Map<string, Points>()]));
  const owned = all.map((points) => ({ points, owner: ownerOf(points.name, shards) }));
  // What is about one shard takes the place of what is about all.
  owned.sort((a, b) => Number(a.owner !== undefined) - Number(b.owner !== undefined));
  for (const { points, owner } of owned) {
    const name = owner === undefined ? points.name : points.name.slice(owner.length + 1);
    if (name === OTHERS)
      throw inputError(
        path,
        undefined,
        points.name,
        `the name ${OTHERS}`,
        'another: each shard has it already',
      );
    for (const shard of owner === undefined ? shards : [owner]) byShard.get(shard)!.set(name, points);
  }
  for (const [shard, { size }] of byShard) {
    if (size > MOST_INDICATORS)
      throw inputError(
        path,
        undefined,
        undefined,
        `${size} indicators of ${shard}`,
        `at most ${MOST_INDICATORS}`,
      );
  }
  return byShard;
}

/** The shard that a column is about alone: the longest name that it begins with. */
function ownerOf(column: string, shards: readonly string[]): string | undefined {
  return shards
    .filter((shard) => column.startsWith(`${shard}/`) && column.length > shard.length + 1)
    .sort((a, b) => b.length - a.length)[0];
}
