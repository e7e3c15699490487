import type { FleetAction } from '../../core/capacity/plan.ts';
import type { Group } from '../../core/shards/instance.ts';
import { DAY } from '../../core/time.ts';
import { setDesired, setPrepared, stockOf } from './fleet-capacity.ts';
import { patienceOf } from './fleet-desired.ts';
import type { Member } from './fleet-groups.ts';
import { phaseOf } from './fleet-instance.ts';
import { changeItem, type FleetParts, type FleetState, membersOf } from './fleet-parts.ts';
import { counted, writeRequests } from './fleet-requests.ts';
import { type Item, PK } from './table.ts';

/** Thrown when a fleet would grow past a bound: nothing above it was asked for. */
export class FleetLimit extends Error {
  override readonly name = 'FleetLimit';
}

/** Remembers the absolute size that an action sets, before it is set: a repeat sets the same. */
interface ActionItem extends Item {
  readonly at: number;
  readonly size: number;
  readonly done?: boolean;
}

/** The size of the first try; undefined when it was carried out. */
async function sizeOnce({ table }: FleetParts, key: string, at: number, size: number) {
  const fresh = { pk: PK.action, sk: key, at, size, ttl: Math.ceil(at) + DAY };
  if (await table.put(fresh, { pk: { absent: true } })) return { at, size };
  const item = (await table.get(PK.action, key)) as ActionItem | undefined;
  return item?.done ? undefined : { at: item?.at ?? at, size: item?.size ?? size };
}

const finish = ({ table }: FleetParts, key: string) => table.update(PK.action, key, { set: { done: true } });

/**
 * Raises desired capacity by `count`. The requests are written before: a tick that dies between leaves requests that
 * the group is not short of, and those are not counted.
 * @throws {FleetLimit} when the group's maximum does not hold as many; those that it holds are started.
 */
export async function start(
  parts: FleetParts,
  state: FleetState,
  { group: name, count }: { readonly group: Group; readonly count: number },
  key: string,
): Promise<void> {
  const group = state.groups[name];
  // Lowered by hand, it would swallow the start: what is in service counts at least.
  const staying = counted(group.members).filter(({ id }) => state.items.get(id)?.sentAt === undefined).length;
  const from = Math.max(group.desired, staying);
  const room = Math.max(0, group.max - from);
  const first = await sizeOnce(parts, key, state.at, from + Math.min(count, room));
  if (first === undefined) return;
  if (group.desired < first.size) {
    const { at, size } = first;
    const expires = at + patienceOf(parts);
    const requests = Array.from({ length: Math.min(count, room, size - group.desired) }, (_, i) => ({
      id: `${key}/${i}`,
      group: name,
      at,
      expires,
    }));
    await writeRequests(parts.table, requests);
    const warm = Math.min(size - from, group.members.filter(isStopped).length);
    const stock = stockOf(group) - warm;
    await setDesired(parts, group, size);
    // What starts cold takes nothing from the stock; without this, what is just launched into it would be ended.
    if (stock > 0) await setPrepared(parts, group, size + stock);
  }
  await finish(parts, key);
  if (count > room)
    throw new FleetLimit(
      `group ${group.name}: MaxSize ${group.max}, ${count} starts asked, room for ${room}`,
    );
}

const isStopped = (member: Member) => phaseOf(member) === 'warm';

/**
 * Launches `count` more into the warm pool than it has or is getting.
 * @throws {FleetLimit} past `fleet.warmMax`; up to it, they are launched.
 */
export async function stock(parts: FleetParts, state: FleetState, count: number, key: string): Promise<void> {
  const group = state.groups.steady;
  const { fleet } = parts.settings;
  const most = fleet.warmMax ?? fleet.max;
  const there = group.members.filter((member) => {
    const phase = phaseOf(member);
    // What comes back after a release raises the stock by lowering desired capacity.
    return phase === 'warm' || (phase === 'stocking' && state.items.get(member.id)?.intent === undefined);
  }).length;
  const room = Math.max(0, most - there);
  const wanted = there + Math.min(count, room);
  const first = await sizeOnce(parts, key, state.at, group.desired + wanted);
  if (first === undefined) return;
  if (stockOf(group) < first.size - group.desired) await setPrepared(parts, group, first.size);
  await finish(parts, key);
  if (count > room) throw new FleetLimit(`fleet.warmMax ${most}: ${count} asked, room for ${room}`);
}

/**
 * Gives up one of the warm pool. Nobody can end a chosen one (TerminateInstanceInAutoScalingGroup refuses it, and what
 * EC2 ends is launched again): the group ends any one, because there may be one less.
 */
export async function discard(parts: FleetParts, state: FleetState, id: string, key: string): Promise<void> {
  const group = state.groups.steady;
  const member = group.members.find((one) => one.id === id);
  if (member === undefined || phaseOf(member) !== 'warm') return;
  const first = await sizeOnce(parts, key, state.at, group.desired + Math.max(0, stockOf(group) - 1));
  if (first === undefined) return;
  if (stockOf(group) > first.size - group.desired) await setPrepared(parts, group, first.size);
  await finish(parts, key);
}

/**
 * Marks an instance that is to leave; `settle` takes it out when its slices are out of their shards. Harmless where
 * it leaves already. @throws {FleetLimit} where it cannot go there from where it is.
 */
export async function release(
  parts: FleetParts,
  state: FleetState,
  { instance: id, to, shard }: FleetAction & { readonly kind: 'release' },
): Promise<void> {
  const member = membersOf(state).find((one) => one.id === id);
  const item = state.items.get(id);
  if (member === undefined || item?.intent !== undefined || item?.deadline !== undefined) return;
  const phase = phaseOf(member);
  if (phase === 'leaving') return;
  if (phase !== 'running')
    throw new FleetLimit(`instance ${id} is ${member.lifecycle}: only one in service can be released`);
  if (member.group === 'spot' && to !== 'retired')
    throw new FleetLimit(`Spot instance ${id} cannot be stopped: release it to retired, not ${to}`);
  if (to === 'standby' && shard === undefined)
    throw new FleetLimit(`instance ${id}: a release to standby has to name the shard`);
  const intent = { to, why: 'released', at: state.at, ...(shard === undefined ? {} : { shard }) };
  await changeItem(parts, state, id, { set: { intent, group: member.group } });
}
