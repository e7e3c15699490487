import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';

/**
 * The SDK's clients, one per process and kind. Each function imports the ones that it uses, and the bundler leaves
 * out the rest.
 *
 * Four tries with the SDK's own backoff, and no call may hang: a step has its own time-out, and a retry after a
 * second is worth more than an answer after a minute.
 */
const settings = {
  retryMode: 'standard',
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
};

function single<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const autoScalingClient = /* @__PURE__ */ single(() => new AutoScalingClient(settings));
export const cloudWatchClient = /* @__PURE__ */ single(() => new CloudWatchClient(settings));
export const logsClient = /* @__PURE__ */ single(() => new CloudWatchLogsClient(settings));
export const dynamoClient = /* @__PURE__ */ single(() => new DynamoDBClient(settings));
export const ec2Client = /* @__PURE__ */ single(() => new EC2Client(settings));
export const elbClient = /* @__PURE__ */ single(() => new ElasticLoadBalancingV2Client(settings));
export const eventBridgeClient = /* @__PURE__ */ single(() => new EventBridgeClient(settings));
export const lambdaClient = /* @__PURE__ */ single(() => new LambdaClient(settings));
export const s3Client = /* @__PURE__ */ single(() => new S3Client(settings));
export const sfnClient = /* @__PURE__ */ single(() => new SFNClient(settings));
export const ssmClient = /* @__PURE__ */ single(() => new SSMClient(settings));
