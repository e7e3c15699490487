import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { type FunctionName, functionName, NEEDS } from '../../lambdas/environment.ts';
import { connection } from './connect.ts';

/** Clients of MiniStack, as the account's root. */
export function controlHalf() {
  const on = connection('ministack');
  return {
    cloudFormation: new CloudFormationClient(on),
    cloudWatch: new CloudWatchClient(on),
    dynamo: new DynamoDBClient(on),
    elb: new ElasticLoadBalancingV2Client(on),
    events: new EventBridgeClient(on),
    lambda: new LambdaClient(on),
    logs: new CloudWatchLogsClient(on),
    s3: new S3Client({ ...on, forcePathStyle: true }),
    sfn: new SFNClient(on),
    ssm: new SSMClient(on),
  };
}

export type ControlHalf = ReturnType<typeof controlHalf>;

/** Runs a function and waits for its answer. @throws {Error} with the function's own error. */
export async function invoke(
  { lambda }: ControlHalf,
  service: string,
  name: FunctionName,
  event: unknown,
): Promise<unknown> {
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: functionName(service, name), Payload: JSON.stringify(event) }),
  );
  const answer = Payload === undefined ? undefined : JSON.parse(Buffer.from(Payload).toString() || 'null');
  if (FunctionError !== undefined) throw new Error(`${name}: ${JSON.stringify(answer)}`);
  return answer;
}

/** What the functions of a service have logged since `from` (ms), oldest first, without the frame lines. */
export async function logLines({ logs }: ControlHalf, service: string, from: number): Promise<string[]> {
  const all = await Promise.all(
    (Object.keys(NEEDS) as FunctionName[]).map(async (name) => {
      const logGroupName = `/aws/lambda/${functionName(service, name)}`;
      // A function that has not run yet has no group.
      const { events = [] } = await logs
        .send(new FilterLogEventsCommand({ logGroupName, startTime: from }))
        .catch(() => ({ events: [] }));
      return events.map(({ timestamp = 0, message = '' }) => ({ timestamp, line: `${name}: ${message}` }));
    }),
  );
  return all
    .flat()
    .filter(({ line }) => !/: (START|END|REPORT) RequestId/.test(line))
    .sort((a, b) => a.timestamp - b.timestamp)
    .map(({ line }) => line);
}
