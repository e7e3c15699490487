import {
  EnterStandbyCommand,
  SetInstanceProtectionCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { attempt, type Failure } from '../../core/failure.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import { keepStock } from './fleet-capacity.ts';
import type { GroupFacts, Member } from './fleet-groups.ts';
import { type InstanceItem, type Intent, phaseOf } from './fleet-instance.ts';
import {
  changeItem,
  chunks,
  type FleetParts,
  type FleetState,
  inTurns,
  membersOf,
  TOLD,
} from './fleet-parts.ts';
import { counted } from './fleet-requests.ts';
import type { HealthItem } from './load-balancer-swept.ts';
import { PK, type Table } from './table.ts';
import { unthrottled } from './throttling.ts';

/** A scale-in that has not taken a released instance by then never will (its zone, a policy that fails): it is ended. */
const STUCK: Seconds = 15 * MINUTE;
/** The poller looks at each group within 10 minutes; what is older says nothing. */
const LOOK: Seconds = 15 * MINUTE;
/** Most instances per call. */
const PROTECT = 50;
const STANDBY = 20;

/**
 * Takes the instances out that are released or that Spot takes, once their slices have left: to retired by TerminateInstanceInAutoScalingGroup and to
 * standby by EnterStandby, both with decrement; to warm by giving up their protection, and `settleDesired` lowers
 * desired capacity then. Nothing here begins twice: `outAt` and `sentAt` remember how far it is.
 */
export async function completeReleases(
  parts: FleetParts,
  state: FleetState,
  failures: Failure[],
): Promise<void> {
  await takeInterrupted(parts, state, failures);
  const leaving = membersOf(state).filter((member) => isLeaving(member, state.items.get(member.id)));
  const waiting = leaving.filter(({ id }) => state.items.get(id)?.outAt === undefined);
  if (waiting.length > 0) {
    const used = await inUse(parts.table, state.at);
    const out = waiting.filter(
      (member) =>
        phaseOf(member) !== 'running' ||
        !used.has(member.id) ||
        hasEnded(state.items.get(member.id), state.at),
    );
    await inTurns(out, ({ id }) =>
      attempt(failures, `release ${id}`, () => changeItem(parts, state, id, { set: { outAt: state.at } })),
    );
  }
  for (const group of Object.values(state.groups)) {
    const to = (wanted: Intent['to']) =>
      leaving.filter((member) => member.group === group.group && dueTo(state, member.id) === wanted);
    await retire(parts, state, group, to('retired'), failures);
    await standBy(parts, state, group, to('standby'), failures);
    await protect(parts, state, group, to('warm'), false, failures);
  }
}

/** New instances in service must not be chosen by a scale-in, whatever the group's own setting was at their launch. */
export async function protectNew(parts: FleetParts, state: FleetState, failures: Failure[]): Promise<void> {
  for (const group of Object.values(state.groups)) {
    const bare = group.members.filter(
      (member) =>
        phaseOf(member) === 'running' &&
        !member.isProtected &&
        state.items.get(member.id)?.intent === undefined,
    );
    await protect(parts, state, group, bare, true, failures);
  }
}

/** Where the instance is to be sent now, if it is to be sent anywhere. */
function dueTo({ items, at }: FleetState, id: string): Intent['to'] | undefined {
  const { intent, outAt, sentAt } = items.get(id) ?? {};
  if (intent === undefined || outAt === undefined) return undefined;
  if (intent.to === 'warm')
    return outAt <= at - STUCK ? 'retired' : sentAt === undefined ? 'warm' : undefined;
  return sentAt === undefined || sentAt <= at - TOLD ? intent.to : undefined;
}

/**
 * What Spot takes is replaced by the plan from the notice on. So it leaves its group with decrement, before or just after
 * EC2 ends it: else the group replaces it too.
 */
async function takeInterrupted(parts: FleetParts, state: FleetState, failures: Failure[]): Promise<void> {
  const taken = membersOf(state).filter((member) => {
    const { deadline, intent } = state.items.get(member.id) ?? {};
    return deadline !== undefined && intent === undefined && phaseOf(member) === 'running';
  });
  const intent: Intent = { to: 'retired', why: 'interrupted', at: state.at };
  await inTurns(taken, ({ id }) =>
    attempt(failures, `give up ${id}`, () => changeItem(parts, state, id, { set: { intent } })),
  );
}

/** Whether it serves nobody any more, whatever the table says of its slices. */
const hasEnded = (item: InstanceItem | undefined, at: Seconds) =>
  item?.endedAt !== undefined || (item?.deadline ?? Number.POSITIVE_INFINITY) <= at;

/** A failed one may also be on its way up, or powered down. */
function isLeaving(member: Member, item: InstanceItem | undefined): boolean {
  if (item?.intent === undefined) return false;
  const phase = phaseOf(member);
  if (phase === 'running') return true;
  return item.intent.to === 'retired' && (phase === 'starting' || phase === 'standby');
}

/**
 * Instances of which a slice is registered somewhere or on its way: by the store, and by what the poller saw, for
 * what the store does not know. A ready slice is nobody's.
 */
export async function inUse(table: Table, at: Seconds): Promise<ReadonlySet<string>> {
  const [slices, looks] = await Promise.all([table.query(PK.slice), table.query(PK.health)]);
  const used = new Set<string>();
  for (const { sk, placement } of slices)
    if ((placement as { kind: string }).kind !== 'ready') used.add(parseSliceId(sk).instance);
  for (const look of looks as readonly HealthItem[]) {
    if ((look.at ?? 0) < at - LOOK) continue;
    for (const [slice, { state }] of Object.entries(look.targets ?? {}))
      if (state !== 'unused') used.add(parseSliceId(slice).instance);
  }
  return used;
}

async function retire(
  parts: FleetParts,
  state: FleetState,
  group: GroupFacts,
  members: readonly Member[],
  failures: Failure[],
): Promise<void> {
  if (members.length === 0) return;
  const before = { ...group };
  for (const member of members) {
    const counts = isCounted(group, member, state.items.get(member.id));
    const end = async () => {
      const command = new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: member.id,
        ShouldDecrementDesiredCapacity: counts,
      });
      await unthrottled(parts.clock, () => parts.autoScaling.send(command));
      if (counts) group.desired -= 1;
      member.lifecycle = 'Terminating';
    };
    await attempt(failures, `retire ${member.id}`, () => once(parts, state, [member], end));
  }
  await follow(parts, group, before, failures);
}

/** Whether desired capacity still includes it: not what is powered down, nor what a scale-in should have taken. */
function isCounted(group: GroupFacts, member: Member, item: InstanceItem | undefined): boolean {
  if (phaseOf(member) === 'standby') return false;
  return item?.intent?.to !== 'warm' || counted(group.members).length <= group.desired;
}

async function standBy(
  parts: FleetParts,
  state: FleetState,
  group: GroupFacts,
  members: readonly Member[],
  failures: Failure[],
): Promise<void> {
  if (members.length === 0) return;
  const before = { ...group };
  for (const some of chunks(members, STANDBY)) {
    const enter = async (mine: readonly Member[]) => {
      const command = new EnterStandbyCommand({
        AutoScalingGroupName: group.name,
        InstanceIds: mine.map(({ id }) => id),
        ShouldDecrementDesiredCapacity: true,
      });
      await unthrottled(parts.clock, () => parts.autoScaling.send(command));
      group.desired -= mine.length;
      for (const member of mine) member.lifecycle = 'EnteringStandby';
    };
    const what = `put ${some.map(({ id }) => id).join(', ')} to standby`;
    await attempt(failures, what, () => once(parts, state, some, enter));
  }
  await follow(parts, group, before, failures);
}

/**
 * Does for each instance once what lowers desired capacity with it: of two ticks that race, the one does it that wrote
 * `sentAt`. Where it fails that is taken back; where the tick dies, another tries again after {@link TOLD}.
 */
async function once(
  parts: FleetParts,
  state: FleetState,
  members: readonly Member[],
  work: (mine: readonly Member[]) => Promise<void>,
): Promise<void> {
  const { at, items } = state;
  const free = [{ sentAt: { absent: true } }, { sentAt: { atMost: at - TOLD } }] as const;
  const mine: Member[] = [];
  for (const member of members) {
    const { ok, item } = await parts.table.update(PK.instance, member.id, { set: { sentAt: at } }, free);
    if (item !== undefined) items.set(member.id, item as InstanceItem);
    if (ok) mine.push(member);
  }
  if (mine.length === 0) return;
  try {
    await work(mine);
  } catch (error) {
    for (const { id } of mine) await changeItem(parts, state, id, { remove: ['sentAt'] });
    throw error;
  }
}

/** Desired capacity went down past the stock: prepared capacity follows, by as much as it really was. */
async function follow(
  parts: FleetParts,
  group: GroupFacts,
  before: GroupFacts,
  failures: Failure[],
): Promise<void> {
  const { desired } = group;
  if (desired === before.desired) return;
  await attempt(failures, `keep the stock of ${group.name}`, async () => {
    await keepStock(parts, before, desired);
    group.warmPool = before.warmPool;
  });
}

async function protect(
  parts: FleetParts,
  state: FleetState,
  group: GroupFacts,
  members: readonly Member[],
  yes: boolean,
  failures: Failure[],
): Promise<void> {
  for (const some of chunks(members, PROTECT)) {
    const ids = some.map(({ id }) => id);
    await attempt(failures, `${yes ? 'protect' : 'unprotect'} ${ids.join(', ')}`, async () => {
      const command = new SetInstanceProtectionCommand({
        AutoScalingGroupName: group.name,
        InstanceIds: ids,
        ProtectedFromScaleIn: yes,
      });
      await unthrottled(parts.clock, () => parts.autoScaling.send(command));
      for (const member of some) {
        member.isProtected = yes;
        if (!yes) await changeItem(parts, state, member.id, { set: { sentAt: state.at } });
      }
    });
  }
}
