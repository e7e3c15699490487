import { attempt, type Failure } from '../../core/failure.ts';
import type { Seconds } from '../../core/time.ts';
import { preparedOf, setDesired, setPrepared, stockOf } from './fleet-capacity.ts';
import type { GroupFacts } from './fleet-groups.ts';
import { type FleetParts, type FleetState, TOLD } from './fleet-parts.ts';
import { counted, isOpen, type RequestItem, readRequests, writeRequests } from './fleet-requests.ts';
import { PK } from './table.ts';

/** What a group's desired capacity should be, and how many instances it is waiting for that nobody asked for. */
export interface Wanted {
  readonly desired: number;
  readonly adopt: number;
}

/**
 * Desired capacity, from what is there: absolute, so that each tick comes to the same.
 *
 * With everything that was asked for in sight, it is what is there, less what leaves for the warm pool; whoever
 * lowered or raised it meanwhile. As long as something is missing it is not lowered for those that leave: the group
 * would bring one less instead. What is missing without a request (raised by hand, or an instance that the group
 * replaces) is adopted, so that it expires like ours; what expired is withdrawn.
 */
export function wantedOf(
  group: Pick<GroupFacts, 'group' | 'desired' | 'min' | 'max'>,
  members: { readonly there: number; readonly leaving: number },
  requests: readonly RequestItem[],
  now: Seconds,
): Wanted {
  const { there, leaving } = members;
  const unseen = Math.max(0, group.desired - there);
  const within = (desired: number) => Math.max(group.min, Math.min(group.max, desired));
  if (unseen === 0) return { desired: within(there - leaving), adopt: 0 };
  const ours = requests.filter((request) => request.group === group.group && request.instance === undefined);
  const open = ours.filter((request) => isOpen(request, group.group, now)).length;
  const excess = Math.max(0, unseen - open);
  const withdrawn = Math.min(excess, ours.length - open);
  return { desired: within(group.desired - withdrawn), adopt: excess - withdrawn };
}

/** Seconds after which what was asked for and has not come is given up: twice the slowest start, and a minute. */
export const patienceOf = ({ settings }: Pick<FleetParts, 'settings'>): Seconds =>
  2 * settings.fleet.leadTimes.cold.seconds + 60;

export async function settleDesired(
  parts: FleetParts,
  state: FleetState,
  failures: Failure[],
): Promise<void> {
  const requests = await readRequests(parts.table);
  const { at } = state;
  for (const group of Object.values(state.groups)) {
    const members = membersThere(group, state);
    const { desired, adopt } = wantedOf(group, members, requests, at);
    await attempt(failures, `set ${group.name} to ${desired}`, () =>
      resize(parts, group, desired, members.leaving),
    );
    const adopted = Array.from({ length: adopt }, (_, i) => ({
      id: `adopted/${group.group}/${at}/${i}`,
      group: group.group,
      at,
      expires: at + patienceOf(parts),
    }));
    await attempt(failures, `adopt ${adopt} of ${group.name}`, () => writeRequests(parts.table, adopted));
  }
  for (const { sk, expires } of requests)
    if (expires <= at)
      await attempt(failures, `drop request ${sk}`, () => parts.table.delete(PK.request, sk));
}

/**
 * Sets desired capacity. What leaves for the warm pool adds to the stock; whatever else changes desired capacity here
 * (a request withdrawn, a size that somebody changed) neither adds to it nor takes from it.
 */
async function resize(parts: FleetParts, group: GroupFacts, desired: number, leaving: number): Promise<void> {
  if (desired === group.desired) return;
  const returned = Math.min(leaving, Math.max(0, group.desired - desired));
  const stock = stockOf(group) + returned;
  const isShort = group.warmPool !== undefined && preparedOf(group) < desired + stock;
  // There has to be room in the warm pool before one comes back.
  if (isShort) await setPrepared(parts, group, desired + stock);
  await setDesired(parts, group, desired);
  if (group.warmPool !== undefined && stock < stockOf(group))
    await setPrepared(parts, group, desired + stock);
}

/** What counts: not what was told to end or to stand by, which the list may still show in service. */
function membersThere(group: GroupFacts, { items, at }: FleetState) {
  let there = 0;
  let leaving = 0;
  for (const { id } of counted(group.members)) {
    const { intent, sentAt } = items.get(id) ?? {};
    const told = intent !== undefined && sentAt !== undefined && sentAt > at - TOLD;
    if (told && intent.to !== 'warm') continue;
    there += 1;
    if (intent?.to === 'warm' && sentAt !== undefined) leaving += 1;
  }
  return { there, leaving };
}
