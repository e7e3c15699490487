import { CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import { nameOf } from '../../adapters/aws/throttling.ts';
import { drainBound } from '../../core/settings/drain-bound.ts';
import type { Seconds } from '../../core/time.ts';
import { handOverName } from '../../flows/interruption.ts';
import { instanceLeft } from '../../flows/reconcile.ts';
import { isOurs, noteEnd, slicesOn } from './known.ts';
import { type EventParts, groupNamed, IGNORED, type Outcome } from './parts.ts';
import type { EventOf } from './schemas.ts';

const ENDING: readonly string[] = ['shutting-down', 'terminated'];
const STOPPING: readonly string[] = ['stopping', 'stopped'];

/** EC2 says that an instance stops or ends, or has: its slices go, whoever did it. */
export async function stateChanged(
  parts: EventParts,
  { detail }: EventOf<'EC2 Instance State-change Notification'>,
  at: Seconds,
): Promise<Outcome> {
  const { 'instance-id': instance, state } = detail;
  const ends = ENDING.includes(state);
  // That it runs says nothing yet: Auto Scaling tells when it is in service.
  if (!ends && !STOPPING.includes(state)) return IGNORED(`it is ${state}`);
  if (!(await isOurs(parts.table, instance))) return IGNORED('not of this service');
  return gone(parts, instance, ends, at);
}

/** Auto Scaling says that an instance has ended, or is back in the warm pool. */
export async function ended(
  parts: EventParts,
  { detail }: EventOf<'EC2 Instance Terminate Successful'>,
  at: Seconds,
): Promise<Outcome> {
  if (groupNamed(parts.groups, detail.AutoScalingGroupName) === undefined) return IGNORED('another group');
  if (!detail.EC2InstanceId) return IGNORED('no instance');
  return gone(parts, detail.EC2InstanceId, detail.Destination !== 'WarmPool', at);
}

async function gone(parts: EventParts, instance: string, ends: boolean, at: Seconds): Promise<Outcome> {
  if (ends) await noteEnd(parts.table, instance, at);
  const slices = await slicesOn(parts.table, instance);
  if (slices.length === 0) return { outcome: 'had no slices' };
  // An event of an earlier life: since then the instance has come back from the warm pool.
  if (!ends && slices.some(({ placement }) => placement.since > at)) return IGNORED('it has started since');
  const known = slices.map(({ slice }) => slice);
  await instanceLeft(parts.ports, parts.settings, instance, known);
  return { outcome: 'lost', plan: true };
}

/**
 * Auto Scaling is about to end an instance and waits at the terminate hook. Where no slice of it serves, it may go on
 * at once; else the slices are taken out first. Nobody completes the hook then: it goes on when the time of a drain is
 * over, which is its heartbeat.
 */
export async function terminating(
  parts: EventParts,
  { detail }: EventOf<'EC2 Instance-terminate Lifecycle Action'>,
  at: Seconds,
): Promise<Outcome> {
  const { ports, settings, table } = parts;
  const { EC2InstanceId: instance, AutoScalingGroupName: group } = detail;
  if (groupNamed(parts.groups, group) === undefined) return IGNORED('another group');
  if (detail.Action === 'ReplaceRootVolume') return IGNORED('it stays');
  const slices = await slicesOn(table, instance);
  const serving = slices.filter(({ placement }) => placement.kind !== 'ready');
  if (serving.length > 0) {
    const input = { instance, at, deadline: at + drainBound(settings) };
    await ports.workflows.start('hand-over', handOverName(input), input);
    return { outcome: `evacuates ${serving.length} slices`, plan: true };
  }
  const known = slices.map(({ slice }) => slice);
  await instanceLeft(ports, settings, instance, known);
  try {
    await parts.autoScaling.send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: group,
        LifecycleHookName: detail.LifecycleHookName,
        LifecycleActionToken: detail.LifecycleActionToken,
        InstanceId: instance,
        LifecycleActionResult: 'CONTINUE',
      }),
    );
  } catch (error) {
    // A late or repeated event: it has gone on already.
    if (nameOf(error) !== 'ValidationError') throw error;
    return { outcome: 'had gone on' };
  }
  return { outcome: 'may end' };
}
