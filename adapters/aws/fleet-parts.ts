import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { Clock } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Group } from '../../core/shards/instance.ts';
import type { Seconds } from '../../core/time.ts';
import type { GroupFacts, Member } from './fleet-groups.ts';
import type { InstanceItem } from './fleet-instance.ts';
import type { Machines } from './fleet-machines.ts';
import { type Change, PK, type Table } from './table.ts';

/** What was told to Auto Scaling is not told again for so long: its lists lag behind. */
export const TOLD: Seconds = 300;

export interface FleetParts {
  readonly autoScaling: Pick<AutoScalingClient, 'send'>;
  /** Needed by what stops, starts or ends machines: `settle`, `apply` of `wake`, `retire`. */
  readonly ec2?: Machines;
  readonly table: Table;
  /** Names of the groups. */
  readonly groups: Readonly<Record<Group, string>>;
  readonly settings: Settings;
  readonly clock: Clock;
}

/** What was read of the fleet at one instant. What the fleet changes is changed here too. */
export interface FleetState {
  readonly at: Seconds;
  readonly groups: Readonly<Record<Group, GroupFacts>>;
  readonly items: Map<string, InstanceItem>;
}

/** Writes what is new of an instance, to the table and to what was read. */
export async function changeItem(
  { table }: Pick<FleetParts, 'table'>,
  { items }: Pick<FleetState, 'items'>,
  instance: string,
  change: Change,
): Promise<void> {
  const { item } = await table.update(PK.instance, instance, change);
  if (item !== undefined) items.set(instance, item as InstanceItem);
}

export const membersOf = ({ groups }: FleetState): Member[] => [
  ...groups.steady.members,
  ...groups.spot.members,
];

/** @throws {RangeError} where this function was not given EC2. */
export function machinesOf({ ec2 }: FleetParts): Machines {
  if (ec2 === undefined)
    throw new RangeError('EC2 is not wired here: machines can be neither started nor stopped');
  return ec2;
}

/** Work on many, a few at a time. */
export async function inTurns<T>(
  many: readonly T[],
  work: (one: T) => Promise<unknown>,
  width = 16,
): Promise<void> {
  let next = 0;
  const run = async () => {
    for (let i = next++; i < many.length; i = next++) await work(many[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(width, many.length) }, run));
}

export function chunks<T>(many: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < many.length; i += size) parts.push(many.slice(i, i + size));
  return parts;
}
