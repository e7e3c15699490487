import { readRequests } from '../../adapters/aws/fleet-requests.ts';
import { PK } from '../../adapters/aws/table.ts';
import type { Seconds } from '../../core/time.ts';
import { instanceArrived } from '../../flows/reconcile.ts';
import { hasEnded } from './known.ts';
import { type EventParts, groupNamed, IGNORED, type Outcome } from './parts.ts';
import type { EventOf } from './schemas.ts';

/**
 * The launch hook holds an instance: on its way into service it takes the oldest open request. The hook fires another
 * time before, when the instance enters the warm pool: nobody asked for that one by name. The hook itself is completed
 * on the instance, which alone knows when it is ready.
 */
export async function launching(
  parts: EventParts,
  { detail }: EventOf<'EC2 Instance-launch Lifecycle Action'>,
  at: Seconds,
): Promise<Outcome> {
  const group = groupNamed(parts.groups, detail.AutoScalingGroupName);
  if (group === undefined) return IGNORED('another group');
  if (detail.Destination === 'WarmPool') return { outcome: 'goes into the warm pool' };
  if (await hasEnded(parts.table, detail.EC2InstanceId)) return IGNORED('it has ended since');
  const request = await parts.bind(detail.EC2InstanceId, group, at);
  return { outcome: request === undefined ? 'starts without a request' : `starts for request ${request}` };
}

/** An instance is in service: its slices are ready, and the plan gives them to shards at once. */
export async function launched(
  parts: EventParts,
  { detail }: EventOf<'EC2 Instance Launch Successful'>,
  at: Seconds,
): Promise<Outcome> {
  const group = groupNamed(parts.groups, detail.AutoScalingGroupName);
  if (group === undefined) return IGNORED('another group');
  const instance = detail.EC2InstanceId;
  if (!instance) return IGNORED('no instance');
  if (detail.Destination === 'WarmPool') return { outcome: 'is in the warm pool' };
  if (await hasEnded(parts.table, instance)) return IGNORED('it has ended since');
  // Where the hook's event was lost, this one takes the request.
  await parts.bind(instance, group, at);
  await instanceArrived(parts.ports, parts.settings, instance);
  return { outcome: 'arrived', plan: true };
}

/**
 * A launch failed. Which request it was for nobody can say: the oldest open one of the group ends now instead of at
 * its expiry, so that the next plan may ask the other group or another type. The fleet lowers what it asked for. No plan is
 * made at once: where AWS has no capacity each would ask for it again, and the next failure follows within seconds.
 */
export async function launchFailed(
  parts: EventParts,
  { detail }: EventOf<'EC2 Instance Launch Unsuccessful'>,
): Promise<Outcome> {
  const group = groupNamed(parts.groups, detail.AutoScalingGroupName);
  if (group === undefined) return IGNORED('another group');
  if (detail.Destination === 'WarmPool') return { outcome: 'the warm pool could not be filled' };
  const now = parts.ports.clock.now();
  const open = (await readRequests(parts.table)).filter(
    (one) => one.group === group && one.instance === undefined && one.expires > now,
  );
  for (const { sk } of open) {
    const unbound = { pk: { present: true }, instance: { absent: true } } as const;
    const dropped = await parts.table.update(PK.request, sk, { set: { expires: now } }, unbound);
    if (dropped.ok) return { outcome: `request ${sk} dropped: ${detail.StatusMessage ?? 'no reason given'}` };
  }
  return { outcome: 'no request was open' };
}
