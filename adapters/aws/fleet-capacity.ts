import {
  type AutoScalingClient,
  PutWarmPoolCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Clock } from '../../core/ports.ts';
import type { GroupFacts } from './fleet-groups.ts';
import { unthrottled } from './throttling.ts';

/**
 * Desired capacity D and prepared capacity P (`MaxGroupPreparedCapacity`) of a group, and what they do together.
 *
 * Auto Scaling keeps max(`MinSize` of the pool, P − D) instances in the warm pool, by itself: below that it launches,
 * above that it ends some. So P − D is the stock, and with `MinSize` 0 and P constant:
 * - D + n takes n from the stock, and D − n (unprotected, with ReuseOnScaleIn) gives n back to it: P stays, but must not
 *   be below D before, or what comes back is ended;
 * - what lowers D without giving back (retired, to standby) needs P lowered by as much, or the group launches one
 *   into the stock for each; what raises D from elsewhere (a woken standby) needs P raised, or it ends one of the stock;
 * - the stock itself is changed by P alone.
 * P goes second, so that a call that fails changes no stock: between the two the stock is wrong by a few for a moment, and
 * the group takes longer than that to act. With P ≤ D there is no stock and P need not follow.
 */
export interface Capacity {
  readonly autoScaling: Pick<AutoScalingClient, 'send'>;
  readonly clock: Clock;
}

/** P, for a group that has a warm pool. Without a P of its own, the group's maximum counts. */
export const preparedOf = ({ warmPool, max }: GroupFacts): number =>
  warmPool?.MaxGroupPreparedCapacity === undefined || warmPool.MaxGroupPreparedCapacity < 0
    ? max
    : warmPool.MaxGroupPreparedCapacity;

/** How many instances the group wants in its warm pool. */
export const stockOf = (group: GroupFacts): number =>
  group.warmPool === undefined ? 0 : Math.max(0, preparedOf(group) - group.desired);

/** P that keeps the stock when desired capacity goes to `desired` past the stock; undefined where P can stay. */
export function preparedFor(group: GroupFacts, desired: number): number | undefined {
  const stock = stockOf(group);
  const prepared = desired + stock;
  if (group.warmPool === undefined || (stock === 0 && preparedOf(group) <= desired)) return undefined;
  return prepared === preparedOf(group) ? undefined : prepared;
}

/** Absolute, so that a repeat or a second writer does no harm. Nothing is sent where it is so already. */
export async function setDesired(capacity: Capacity, group: GroupFacts, desired: number): Promise<void> {
  if (group.desired === desired) return;
  const command = new SetDesiredCapacityCommand({
    AutoScalingGroupName: group.name,
    DesiredCapacity: desired,
    HonorCooldown: false,
  });
  await unthrottled(capacity.clock, () => capacity.autoScaling.send(command));
  group.desired = desired;
}

/** @throws {RangeError} where the group has no warm pool. */
export async function setPrepared(capacity: Capacity, group: GroupFacts, prepared: number): Promise<void> {
  const { warmPool, name } = group;
  if (warmPool === undefined) throw new RangeError(`group ${name} has no warm pool`);
  if (warmPool.MaxGroupPreparedCapacity === prepared) return;
  // What is not said might fall back to its default: everything is said.
  const command = new PutWarmPoolCommand({
    AutoScalingGroupName: name,
    MaxGroupPreparedCapacity: prepared,
    MinSize: 0,
    PoolState: warmPool.PoolState ?? 'Stopped',
    InstanceReusePolicy: { ReuseOnScaleIn: true },
  });
  await unthrottled(capacity.clock, () => capacity.autoScaling.send(command));
  group.warmPool = { ...warmPool, MaxGroupPreparedCapacity: prepared, MinSize: 0 };
}

/** Makes room for a change of desired capacity that comes from elsewhere than the stock. */
export async function keepStock(capacity: Capacity, group: GroupFacts, desired: number): Promise<void> {
  const prepared = preparedFor(group, desired);
  if (prepared !== undefined) await setPrepared(capacity, group, prepared);
}
