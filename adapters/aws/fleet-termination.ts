import type { Group } from '../../core/shards/instance.ts';
import type { InstanceItem } from './fleet-instance.ts';
import { PK, type Table } from './table.ts';

/**
 * What a termination policy may name: instances that Foreshard released to the warm pool or for good, and whose slices
 * are out of their shards. Nothing else, whatever the group wants to end: it asks again as long as it is too large.
 *
 * Auto Scaling offers instances of the zone that has most only, and takes others as well: so where none of those offered
 * is released, all released ones of the group are named.
 * @param group of the event; without it only what is offered is named
 */
export async function releasedInstances(
  table: Table,
  offered: readonly string[],
  group?: Group,
): Promise<string[]> {
  const items = (await table.query(PK.instance)) as readonly InstanceItem[];
  const released = items.filter(
    ({ intent, outAt }) => outAt !== undefined && (intent?.to === 'warm' || intent?.to === 'retired'),
  );
  const named = new Set(offered);
  const chosen = released.filter(({ sk }) => named.has(sk));
  if (chosen.length > 0 || group === undefined) return chosen.map(({ sk }) => sk);
  return released.filter((item) => item.group === group).map(({ sk }) => sk);
}
