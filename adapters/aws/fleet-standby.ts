import { ExitStandbyCommand } from '@aws-sdk/client-auto-scaling';
import { attempt, type Failure } from '../../core/failure.ts';
import { keepStock } from './fleet-capacity.ts';
import { phaseOf } from './fleet-instance.ts';
import { changeItem, type FleetParts, type FleetState, machinesOf, membersOf } from './fleet-parts.ts';
import { unthrottled } from './throttling.ts';

/** Stops what has come to standby, and goes on with what wakes up. */
export async function settleStandby(
  parts: FleetParts,
  state: FleetState,
  failures: Failure[],
): Promise<void> {
  const standing = membersOf(state).filter((member) => phaseOf(member) === 'standby');
  // Auto Scaling checks nothing on standby: what has ended there stays until it is taken out.
  for (const { id } of standing) {
    const { endedAt, intent } = state.items.get(id) ?? {};
    if (endedAt === undefined || intent?.to === 'retired') continue;
    await attempt(failures, `give up ${id}`, () => giveUp(parts, state, id));
  }
  const toStop = standing.filter(({ id }) => {
    const { standbyOf, stoppedAt, wakeAt, intent } = state.items.get(id) ?? {};
    return standbyOf !== undefined && stoppedAt === undefined && wakeAt === undefined && intent === undefined;
  });
  if (toStop.length > 0) {
    const ids = toStop.map(({ id }) => id);
    await attempt(failures, `stop ${ids.join(', ')}`, async () => {
      await machinesOf(parts).stop(ids);
      for (const id of ids) await changeItem(parts, state, id, { set: { stoppedAt: state.at } });
    });
  }
  for (const { id } of standing)
    if (state.items.get(id)?.wakeAt !== undefined)
      await attempt(failures, `wake ${id}`, () => wake(parts, state, id));
}

/**
 * One step of waking a standby: start it, or bring it back into its group. Call it again until the instance is
 * `running`.
 *
 * Gotcha: no launch hook holds what leaves standby (hooks are for new launches only), and nobody tells that its agent
 * is ready: it counts as such after the lead time of a standby.
 */
export async function wake(parts: FleetParts, state: FleetState, id: string): Promise<void> {
  const member = membersOf(state).find((one) => one.id === id);
  if (member === undefined || phaseOf(member) !== 'standby') return;
  const machines = machinesOf(parts);
  if (state.items.get(id)?.wakeAt === undefined)
    await changeItem(parts, state, id, { set: { wakeAt: state.at }, remove: ['stoppedAt'] });
  const power = (await machines.states([id])).get(id) ?? 'terminated';
  if (power === 'stopped') return machines.start([id]);
  if (power === 'running') {
    const wakeAt = state.items.get(id)?.wakeAt ?? state.at;
    const readyAt = wakeAt + parts.settings.fleet.leadTimes.standby.seconds;
    return state.at < readyAt ? undefined : exitStandby(parts, state, id);
  }
  if (power === 'terminated' || power === 'shutting-down') {
    await giveUp(parts, state, id);
    throw new RangeError(`standby instance ${id} is ${power}`);
  }
}

function giveUp(parts: FleetParts, state: FleetState, id: string): Promise<void> {
  const intent = { to: 'retired', why: 'failed', at: state.at };
  return changeItem(parts, state, id, { set: { intent }, remove: ['wakeAt'] });
}

async function exitStandby(parts: FleetParts, state: FleetState, id: string): Promise<void> {
  const member = membersOf(state).find((one) => one.id === id)!;
  const group = state.groups[member.group];
  const command = new ExitStandbyCommand({ AutoScalingGroupName: group.name, InstanceIds: [id] });
  await unthrottled(parts.clock, () => parts.autoScaling.send(command));
  member.lifecycle = 'Pending';
  await keepStock(parts, group, group.desired + 1);
  group.desired += 1;
}
