import { parseStamp } from '../../core/settings/stamp.ts';
import type { Seconds } from '../../core/time.ts';
import { ended, stateChanged, terminating } from './ends.ts';
import { launched, launchFailed, launching } from './launches.ts';
import type { EventParts, Outcome } from './parts.ts';
import type { InstanceEvent } from './schemas.ts';
import { interrupted, rebalance } from './spot.ts';

/**
 * Does what an event asks for. Events come twice, late, out of order or not at all: each handler looks at what is
 * before it acts, a repeat finds its work done, and what is lost is found by the plan's reconciliation.
 */
export async function onEvent(parts: EventParts, event: InstanceEvent): Promise<Outcome> {
  const at = parseStamp(event.time) ?? parts.ports.clock.now();
  const result = await dispatch(parts, event, at);
  if (result.plan) await parts.startPlan();
  return result;
}

function dispatch(parts: EventParts, event: InstanceEvent, at: Seconds): Promise<Outcome> {
  switch (event['detail-type']) {
    case 'EC2 Spot Instance Interruption Warning':
      return interrupted(parts, event, at);
    case 'EC2 Instance Rebalance Recommendation':
      return rebalance(parts, event, at);
    case 'EC2 Instance State-change Notification':
      return stateChanged(parts, event, at);
    case 'EC2 Instance-launch Lifecycle Action':
      return launching(parts, event, at);
    case 'EC2 Instance-terminate Lifecycle Action':
      return terminating(parts, event, at);
    case 'EC2 Instance Launch Successful':
      return launched(parts, event, at);
    case 'EC2 Instance Launch Unsuccessful':
      return launchFailed(parts, event);
    case 'EC2 Instance Terminate Successful':
      return ended(parts, event, at);
  }
}
