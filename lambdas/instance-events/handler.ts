import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SystemClock } from '../../adapters/aws/clock.ts';
import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import { BusEvents } from '../../adapters/aws/events.ts';
import { AwsFleet } from '../../adapters/aws/fleet.ts';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { AwsLoadBalancer } from '../../adapters/aws/load-balancer.ts';
import { SettingsStore } from '../../adapters/aws/settings-store.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { StepWorkflows } from '../../adapters/aws/workflows.ts';
import type { EnvironmentOf } from '../environment.ts';
import {
  autoScalingClient,
  dynamoClient,
  elbClient,
  eventBridgeClient,
  lambdaClient,
  s3Client,
  sfnClient,
} from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { once } from '../lib/once.ts';
import type { EventParts } from './parts.ts';
import { eventSchema, type InstanceEvent, instanceOf } from './schemas.ts';
import { onEvent } from './work.ts';

/**
 * State changes come for every instance of the account and are harmless when repeated: they are not written down. The
 * others are ours, or few.
 */
const idOf = (event: InstanceEvent) =>
  event['detail-type'] === 'EC2 Instance State-change Notification' ? undefined : event.id;

/** `instance-events`: what EC2 and Auto Scaling say of instances. */
export const handler = lambda(
  'instance-events',
  eventSchema,
  build,
  async (event, { parts }) => onEvent(await parts(), event),
  {
    once: once(idOf),
    ids: (event) => ({ event: event['detail-type'], id: event.id, instance: instanceOf(event) }),
  },
);

/** Settings are read again at each event where they have changed. */
function build(env: EnvironmentOf<'instance-events'>): () => Promise<EventParts> {
  const clock = new SystemClock();
  const table = new DynamoTable(dynamoClient(), env.TABLE);
  const store = new SettingsStore(s3Client(), env.BUCKET);
  const groups = { steady: env.STEADY_GROUP, spot: env.SPOT_GROUP };
  const autoScaling = autoScalingClient();
  const fixed = {
    clock,
    store: new DynamoStore(table, clock),
    loadBalancer: new AwsLoadBalancer({ elb: elbClient(), table, clock }),
    events: new BusEvents(eventBridgeClient(), env.BUS, env.SERVICE, clock),
    workflows: new StepWorkflows(sfnClient(), { 'hand-over': env.HAND_OVER_MACHINE }),
    ...handOverPorts(table),
  };
  return async () => {
    const { settings } = await store.read();
    const fleet = new AwsFleet({ autoScaling, table, groups, settings, clock });
    return {
      ports: unwiredPorts({ ...fixed, fleet }),
      settings,
      table,
      autoScaling,
      groups,
      bind: (instance, group, at) => fleet.bind(instance, group, at),
      startPlan: async () => {
        const command = new InvokeCommand({ FunctionName: env.PLAN_FUNCTION, InvocationType: 'Event' });
        await lambdaClient().send(command);
      },
    };
  };
}
