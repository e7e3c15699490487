import { userInfo } from 'node:os';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import type { Command } from 'commander';
import { SystemClock } from '../adapters/aws/clock.ts';
import { DynamoTable } from '../adapters/aws/dynamo-table.ts';
import { BusEvents } from '../adapters/aws/events.ts';
import { type GroupFacts, readGroups } from '../adapters/aws/fleet-groups.ts';
import { SettingsStore } from '../adapters/aws/settings-store.ts';
import type { Table } from '../adapters/aws/table.ts';
import type { Clock, Events } from '../core/ports.ts';
import type { Group } from '../core/shards/instance.ts';

/** What commands about a deployed service need of it; tests give their own. */
export interface Deployed {
  readonly service: string;
  readonly clock: Clock;
  readonly table: Table;
  readonly settings: Pick<SettingsStore, 'read' | 'write'>;
  readonly events: Events;
  groups(): Promise<Readonly<Record<Group, GroupFacts>>>;
  /** Starts route-sync, which makes target groups and rules of what the settings say; does not wait for it. */
  syncRoutes(): Promise<void>;
  /** Who is at the keyboard, for records. */
  readonly by: string;
  /** The experiment that interrupts Spot instances, and its region; absent where it was deployed without. */
  readonly rehearsal?: { readonly template: string; readonly region: string };
}

export interface Where {
  readonly service: string;
  readonly region?: string;
}

/** Adds the options that say which deployed service is meant. */
export function addWhere(command: Command): Command {
  return command
    .requiredOption('--service <name>', 'the deployed service: stack Foreshard-<name>')
    .option('--region <name>', "its region; by default the AWS SDK's own choice (AWS_REGION, profile)");
}

const OUTPUTS = [
  'TableName',
  'BucketName',
  'BusName',
  'RouteSyncFunction',
  'SteadyGroup',
  'SpotGroup',
] as const;
type Outputs = Readonly<Record<(typeof OUTPUTS)[number], string>> & { readonly RehearsalTemplate?: string };

/**
 * Finds a deployed service by its stack. Credentials, endpoints and retries are the SDK's usual ones.
 * @throws {Error} when there is no such stack, or one that is not of this version.
 */
export async function connect({ service, region }: Where): Promise<Deployed> {
  const client = region === undefined ? {} : { region };
  const formation = new CloudFormationClient(client);
  const there = await formation.config.region().catch((cause) => {
    throw new Error('no region is set: expected --region or AWS_REGION', { cause });
  });
  const outputs = await outputsOf(formation, service, there);
  const clock = new SystemClock();
  const autoScaling = new AutoScalingClient(client);
  return {
    service,
    clock,
    table: new DynamoTable(new DynamoDBClient(client), outputs.TableName),
    settings: new SettingsStore(new S3Client(client), outputs.BucketName),
    events: new BusEvents(new EventBridgeClient(client), outputs.BusName, service, clock),
    groups: () =>
      readGroups({ autoScaling, clock, groups: { steady: outputs.SteadyGroup, spot: outputs.SpotGroup } }),
    syncRoutes: async () => {
      await new LambdaClient(client).send(
        new InvokeCommand({
          FunctionName: outputs.RouteSyncFunction,
          InvocationType: 'Event',
          Payload: '{}',
        }),
      );
    },
    by: userInfo().username,
    ...(outputs.RehearsalTemplate && {
      rehearsal: { template: outputs.RehearsalTemplate, region: there },
    }),
  };
}

/** Exported for its test. */
export async function outputsOf(
  client: Pick<CloudFormationClient, 'send'>,
  service: string,
  region: string,
): Promise<Outputs> {
  const StackName = `Foreshard-${service}`;
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName })).catch((error) => {
    if (error.name !== 'ValidationError') throw error;
    throw new Error(
      `--service ${service}: no stack ${StackName} in ${region}; expected a deployed service (--region says where)`,
    );
  });
  const found = new Map(Stacks?.[0]?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const missing = OUTPUTS.filter((name) => !found.get(name));
  if (missing.length > 0)
    throw new Error(`stack ${StackName} in ${region}: expected output ${missing.join(', ')}, got none`);
  const wanted = [...OUTPUTS, 'RehearsalTemplate'].filter((name) => found.has(name));
  return Object.fromEntries(wanted.map((name) => [name, found.get(name)])) as unknown as Outputs;
}
