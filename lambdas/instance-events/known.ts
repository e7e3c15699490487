import type { InstanceItem } from '../../adapters/aws/fleet-instance.ts';
import { PK, type Table } from '../../adapters/aws/table.ts';
import type { StoredSlice } from '../../core/ports.ts';
import { DAY, type Seconds } from '../../core/time.ts';

/** Slices of one instance; a range of keys, not the whole fleet. */
export async function slicesOn(table: Table, instance: string): Promise<readonly StoredSlice[]> {
  const items = await table.query(PK.slice, { from: `${instance}:`, to: `${instance}:~` });
  return items.map(({ sk, ...rest }) => ({ ...rest, slice: sk }) as unknown as StoredSlice);
}

/**
 * Whether an instance is of this service. Events of EC2 name no group and come for every instance of the account:
 * one read, two for strangers.
 */
export async function isOurs(table: Table, instance: string): Promise<boolean> {
  const item = (await table.get(PK.instance, instance)) as InstanceItem | undefined;
  return item?.group !== undefined || (await slicesOn(table, instance)).length > 0;
}

/** Item `instance`, attribute `endedAt`: EC2 said that it ended. Ids never come back. */
export async function noteEnd(table: Table, instance: string, at: Seconds): Promise<void> {
  // Only where it is known: the plan forgets the item once Auto Scaling does not list the instance any more.
  const known = { pk: { present: true }, endedAt: { absent: true } } as const;
  await table.update(PK.instance, instance, { set: { endedAt: at, ttl: Math.ceil(at + DAY) } }, known);
}

export async function hasEnded(table: Table, instance: string): Promise<boolean> {
  return (await table.get(PK.instance, instance))?.endedAt !== undefined;
}
