import type { OpenRequest } from '../../core/capacity/plan.ts';
import type { Group } from '../../core/shards/instance.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { GroupFacts, Member } from './fleet-groups.ts';
import { type InstanceItem, phaseOf } from './fleet-instance.ts';
import { type Item, PK, type Table } from './table.ts';

/**
 * Requests: one `request` item per instance that was asked for, because nobody can choose which one comes. An arriving
 * id is bound to the oldest; what is neither bound nor seen by its expiry is withdrawn, so that capacity which AWS does
 * not have is not waited for.
 *
 * A bound request stays until it expires: a repeated arrival finds it, and takes no second one.
 */
export interface RequestItem extends Item {
  readonly group: Group;
  readonly at: Seconds;
  readonly expires: Seconds;
  /** The instance that came. */
  readonly instance?: string;
}

/** Sort keys ascend with the expiry, and so with age. */
export const requestKey = (expires: Seconds, id: string) =>
  `${String(Math.ceil(expires)).padStart(10, '0')}#${id}`;

const idOf = ({ sk }: Item) => sk.slice(sk.indexOf('#') + 1);

export async function readRequests(table: Table): Promise<readonly RequestItem[]> {
  return (await table.query(PK.request)) as readonly RequestItem[];
}

/** One request per instance; a repeat of the same ids changes none. */
export async function writeRequests(
  table: Table,
  requests: readonly {
    readonly id: string;
    readonly group: Group;
    readonly at: Seconds;
    readonly expires: Seconds;
  }[],
): Promise<void> {
  for (const { id, group, at, expires } of requests) {
    const item = { pk: PK.request, sk: requestKey(expires, id), group, at, expires, ttl: ttlOf(expires) };
    await table.put(item, { pk: { absent: true } });
  }
}

/** Binds an arriving instance to the oldest open request of its group; the request's id, if there was one. */
export async function bindRequest(
  table: Table,
  instance: string,
  group: Group,
  now: Seconds,
): Promise<string | undefined> {
  const requests = await readRequests(table);
  const bound = requests.find((request) => request.instance === instance);
  if (bound !== undefined) return idOf(bound);
  for (const request of requests) {
    if (!isOpen(request, group, now)) continue;
    const won = await table.update(
      PK.request,
      request.sk,
      { set: { instance } },
      { pk: { present: true }, instance: { absent: true } },
    );
    // The same arrival, told twice at once, walks the same way and finds what the other one took.
    if (won.ok || won.item?.instance === instance) return idOf(request);
  }
  return undefined;
}

export const isOpen = (request: RequestItem, group: Group, now: Seconds): boolean =>
  request.group === group && request.instance === undefined && request.expires > now;

/** Instances that count against desired capacity. */
export const counted = (members: readonly Member[]): Member[] =>
  members.filter((member) => ['starting', 'running'].includes(phaseOf(member)));

/** How many instances the group still has to bring before it has what it should. */
export const unseenOf = (group: GroupFacts): number =>
  Math.max(0, group.desired - counted(group.members).length);

/**
 * What is asked for and not visible yet. Never more than the group is short of: a request whose instance is there,
 * because its arrival was not told or the tick that wrote it died, must not count twice. The newest are the ones missing.
 */
export function openOf(requests: readonly RequestItem[], group: GroupFacts, now: Seconds): OpenRequest[] {
  const open = requests.filter((request) => isOpen(request, group.group, now));
  const unseen = Math.min(unseenOf(group), open.length);
  return open.slice(open.length - unseen).map((request) => ({
    id: idOf(request),
    group: request.group,
    count: 1,
    at: request.at,
    expires: request.expires,
  }));
}

/**
 * What the group is about to bring by itself, in place of members that have ended or failed and that it still lists. Not
 * counted, a plan that is made in these seconds would start another one for each.
 */
export function replacedBy(
  group: GroupFacts,
  items: ReadonlyMap<string, InstanceItem>,
  at: Seconds,
  patience: Seconds,
): OpenRequest[] {
  const isReplaced = ({ id, isHealthy }: Member) => {
    const { intent, endedAt } = items.get(id) ?? {};
    return (!isHealthy || endedAt !== undefined) && intent === undefined;
  };
  return counted(group.members)
    .filter(isReplaced)
    .map(({ id }) => ({ id: `replaced/${id}`, group: group.group, count: 1, at, expires: at + patience }));
}

/** Kept a while for people to read. */
const ttlOf = (expires: Seconds) => Math.ceil(expires) + 60 * MINUTE;
