import { attempt, type Failure } from '../../core/failure.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { Member } from './fleet-groups.ts';
import { type InstanceItem, originOf, type Phase, phaseOf } from './fleet-instance.ts';
import { changeItem, type FleetParts, type FleetState, inTurns, membersOf } from './fleet-parts.ts';
import { type Change, PK } from './table.ts';

/** An instance that two looks so far apart do not find has ended; one look may come too early for a new one. */
const GONE: Seconds = 2 * MINUTE;

/** Brings the `instance` items in line with what Auto Scaling lists: new phases, finished intents, instances gone. */
export async function observe(parts: FleetParts, state: FleetState, failures: Failure[]): Promise<void> {
  const listed = new Set<string>();
  const changes: [string, Change][] = [];
  for (const member of membersOf(state)) {
    listed.add(member.id);
    const change = changeOf(member, state.items.get(member.id), state.at);
    if (change !== undefined) changes.push([member.id, change]);
  }
  await inTurns(changes, ([id, change]) =>
    attempt(failures, `note ${id}`, () => changeItem(parts, state, id, change)),
  );
  const gone = [...state.items.values()].filter(({ sk }) => !listed.has(sk));
  await inTurns(gone, (item) => attempt(failures, `forget ${item.sk}`, () => forget(parts, state, item)));
}

async function forget(parts: FleetParts, state: FleetState, item: InstanceItem): Promise<void> {
  if (item.goneAt === undefined) {
    await changeItem(parts, state, item.sk, { set: { goneAt: state.at } });
  } else if (item.goneAt <= state.at - GONE) {
    await parts.table.delete(PK.instance, item.sk);
    state.items.delete(item.sk);
  }
}

/** What has to be written of an instance that is where it is now; undefined when all of it is known. */
export function changeOf(member: Member, item: InstanceItem | undefined, at: Seconds): Change | undefined {
  const phase = phaseOf(member);
  const set: Record<string, unknown> = {};
  if (item?.state !== phase) Object.assign(set, { group: member.group, state: phase, since: at });
  if (phase === 'starting' && item?.state !== phase) set.origin = originOf(item);
  if (phase === 'standby' && item?.intent?.to === 'standby') set.standbyOf = item.intent.shard;
  const remove = over(phase, item).filter((attribute) => item?.[attribute] !== undefined);
  if (Object.keys(set).length === 0 && remove.length === 0) return undefined;
  return { set, remove };
}

const INTENT = ['intent', 'outAt', 'sentAt'];
/** Of a life that is over: kept, it would make the next one look interrupted for good. */
const ANNOUNCED = ['rebalanceAt', 'noticeAt', 'deadline'];

/** What an instance in this phase has behind it. */
function over(phase: Phase, item: InstanceItem | undefined): string[] {
  const to = item?.intent?.to;
  const past = ['goneAt'];
  if (phase === 'warm') past.push(...(to === 'retired' ? [] : INTENT), ...ANNOUNCED);
  // Called back before anybody saw it arrive in the warm pool.
  if (phase === 'starting' && to === 'warm') past.push(...INTENT);
  if (phase === 'standby' && to === 'standby') past.push(...INTENT);
  // It has woken up.
  if (phase === 'running')
    past.push('wakeAt', ...(item?.wakeAt === undefined ? [] : ['standbyOf', 'stoppedAt']));
  return past;
}
