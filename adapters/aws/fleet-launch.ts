import {
  type InstanceCollection,
  LaunchInstancesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { FleetAction, Refusal } from '../../core/capacity/plan.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import { FleetLimit } from './fleet-actions.ts';
import { keepStock } from './fleet-capacity.ts';
import { patienceOf } from './fleet-desired.ts';
import type { GroupFacts } from './fleet-groups.ts';
import type { FleetParts, FleetState } from './fleet-parts.ts';
import { counted, requestKey, writeRequests } from './fleet-requests.ts';
import { type Item, PK, type Table } from './table.ts';
import { unthrottled } from './throttling.ts';

/** Thrown when a zone had no instance that would do: nothing stays launched, and the next plan tries elsewhere. */
export class NoCapacity extends Error {
  override readonly name = 'NoCapacity';
}

type Launch = FleetAction & { readonly kind: 'launch' };

/** What a zone refused is not asked of it again for so long. */
const REFUSED: Seconds = 10 * MINUTE;

/**
 * One instance in the zone that was asked for, by LaunchInstances: it answers with the id and type at once, and raises
 * desired capacity itself, so prepared capacity follows as for a standby that wakes. An instance of the pool to be
 * avoided is ended at once. The client token makes a repeat of the call harmless, the action's item one of the whole.
 *
 * Gotcha: it serves groups that are all On-Demand or all Spot, which ours are; the warm pool is not asked (AWS does not
 * say otherwise), so the stock stays.
 * @throws {NoCapacity} which the zone's refusals remember. @throws {FleetLimit} when the group is at its maximum.
 */
export async function launch(
  parts: FleetParts,
  state: FleetState,
  action: Launch,
  key: string,
): Promise<void> {
  const { table } = parts;
  const { at } = state;
  const group = state.groups[action.group];
  const done = await table.get(PK.action, key);
  if (done?.done) return;
  const from = Math.max(group.desired, counted(group.members).length);
  if (from >= group.max)
    throw new FleetLimit(`group ${group.name}: MaxSize ${group.max}, no room to launch in ${action.zone}`);
  const expires = at + patienceOf(parts);
  await writeRequests(table, [{ id: key, group: action.group, at, expires }]);
  const { launched, why } = await ask(parts, group, action, key);
  if (launched === undefined || isAvoided(launched, action)) {
    // Ended before it is forgotten: a repeat finds the same instance, and ends it.
    for (const id of launched?.InstanceIds ?? []) await endAgain(parts, id);
    await table.delete(PK.request, requestKey(expires, key));
    await remember(table, action, at);
  } else await keepStock(parts, group, from + 1);
  await table.put({ pk: PK.action, sk: key, at, done: true, ttl: Math.ceil(at) + DAY });
  if (launched === undefined) throw new NoCapacity(`${group.name} in ${action.zone}: ${why}`);
  if (isAvoided(launched, action))
    throw new NoCapacity(
      `${group.name} in ${action.zone}: got ${launched.InstanceType}, the pool to be avoided; it was ended`,
    );
}

async function ask(
  { autoScaling, clock }: FleetParts,
  group: GroupFacts,
  { zone }: Launch,
  key: string,
): Promise<{ readonly launched?: InstanceCollection; readonly why?: string }> {
  const command = new LaunchInstancesCommand({
    AutoScalingGroupName: group.name,
    AvailabilityZones: [zone],
    RequestedCapacity: 1,
    RetryStrategy: 'none',
    ClientToken: tokenOf(key),
  });
  const { Instances = [], Errors = [] } = await unthrottled(clock, () => autoScaling.send(command));
  const launched = Instances.find(({ InstanceIds = [] }) => InstanceIds.length > 0);
  if (launched !== undefined) return { launched };
  const why = Errors.map(({ InstanceType, ErrorCode, ErrorMessage }) =>
    [InstanceType, ErrorCode, ErrorMessage].filter((part) => part !== undefined).join(' '),
  ).join('; ');
  return { why: why || 'nothing was launched, without a reason' };
}

/** A client token takes letters, digits, - _ and /, 64 of them at most. */
const tokenOf = (key: string) => key.replaceAll(/[^A-Za-z0-9_/-]/g, '-').slice(-64);

function isAvoided({ InstanceType, AvailabilityZone }: InstanceCollection, { avoid, zone }: Launch): boolean {
  return avoid?.type === InstanceType && avoid?.zone === (AvailabilityZone ?? zone);
}

async function endAgain({ autoScaling, clock }: FleetParts, id: string): Promise<void> {
  const command = new TerminateInstanceInAutoScalingGroupCommand({
    InstanceId: id,
    ShouldDecrementDesiredCapacity: true,
  });
  await unthrottled(clock, () => autoScaling.send(command));
}

const refusalKey = ({ group, zone }: Pick<Launch, 'group' | 'zone'>) => `${group}/${zone}`;

async function remember(table: Table, { group, zone }: Launch, at: Seconds): Promise<void> {
  const ttl = Math.ceil(at + REFUSED) + DAY;
  await table.put({ pk: PK.refusal, sk: refusalKey({ group, zone }), group, zone, at, ttl });
}

/** Zones that had no capacity of late. */
export async function readRefusals(table: Table, now: Seconds): Promise<readonly Refusal[]> {
  const items = (await table.query(PK.refusal)) as readonly (Item & Refusal)[];
  return items.filter(({ at }) => at > now - REFUSED).map(({ group, zone, at }) => ({ group, zone, at }));
}
