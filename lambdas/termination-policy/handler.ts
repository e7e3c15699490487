import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import { releasedInstances } from '../../adapters/aws/fleet-termination.ts';
import type { Table } from '../../adapters/aws/table.ts';
import type { Group } from '../../core/shards/instance.ts';
import { dynamoClient } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { askedSchema, choose } from './choose.ts';

/**
 * `termination-policy`: Auto Scaling asks before it ends an instance, and waits two seconds. Only what Foreshard has
 * released is named, whatever the group would like to end: to rebalance zones, or because somebody lowered its size.
 * Where the function fails, the group ends nothing and asks again.
 */
export const handler = lambda(
  'termination-policy',
  askedSchema,
  (env): Table => new DynamoTable(dynamoClient(), env.TABLE),
  async (asked, { parts: table }) => {
    const offered = asked.Instances.map(({ InstanceId }) => InstanceId);
    const released = await releasedInstances(table, offered, groupOf(asked.AutoScalingGroupName));
    return { InstanceIDs: choose(asked, released) };
  },
  { ids: ({ AutoScalingGroupName, Cause }) => ({ group: AutoScalingGroupName, cause: Cause }) },
);

/** By the end of its name, as infra/names.ts makes it. */
function groupOf(name: string): Group | undefined {
  if (name.endsWith('-steady')) return 'steady';
  return name.endsWith('-spot') ? 'spot' : undefined;
}
