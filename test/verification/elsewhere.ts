/**
 * Granted actions that no function used in `npm run test:aws`, and where they are proven instead. The other granted
 * ones are in test/aws/exercised.json: each run checks it, and writes what it has seen to out/exercised.json.
 */
export type Elsewhere =
  /** A unit test has a handler or adapter use it on test/model-aws, our model of AWS by its documentation. */
  | 'model'
  /** AWS itself, or an agent of AWS, uses it in the role’s name: asserted on the synthesised template alone. */
  | 'template';

export interface Proof {
  readonly action: string;
  readonly proof: Elsewhere;
  readonly why: string;
  /** @default all that did not use it in the run */
  readonly roles?: readonly string[];
}

const all = (proof: Elsewhere, why: string, prefix: string, ...names: readonly string[]): Proof[] =>
  names.map((name) => ({ action: `${prefix}:${name}`, proof, why }));

/** The role has it for what this run does not bring about, or only sometimes. */
const WAYS = 'not in each run; the adapter that uses it is tested on the model';

export const ELSEWHERE: readonly Proof[] = [
  ...all(
    'template',
    'Lambda writes a function’s log in its name; MiniStack does so without asking',
    'logs',
    'CreateLogStream',
    'PutLogEvents',
  ),
  ...all(
    'template',
    'Lambda and Step Functions send their traces; the servers have no X-Ray',
    'xray',
    'PutTraceSegments',
    'PutTelemetryRecords',
    'GetSamplingRules',
    'GetSamplingTargets',
  ),
  ...all(
    'template',
    'Lambda, EventBridge and Scheduler put what failed to the last into the queue',
    'sqs',
    'SendMessage',
  ),
  ...all(
    'template',
    'Step Functions delivers its log; MiniStack does not ask',
    'logs',
    'CreateLogDelivery',
    'GetLogDelivery',
    'UpdateLogDelivery',
    'DeleteLogDelivery',
    'ListLogDeliveries',
    'PutResourcePolicy',
    'DescribeResourcePolicies',
    'DescribeLogGroups',
  ),
  ...all(
    'template',
    'a Distributed Map follows its own executions',
    'states',
    'DescribeExecution',
    'StopExecution',
  ),
  ...all(
    'template',
    'Scheduler calls it; MiniStack’s schedules start functions and machines',
    'autoscaling',
    'SuspendProcesses',
  ),
  ...all(
    'template',
    'AWS Fault Injection Service does it in the role’s name',
    'ec2',
    'SendSpotInstanceInterruptions',
  ),
  {
    action: 'ec2:DescribeInstances',
    proof: 'template',
    why: 'AWS Fault Injection Service does it in the role’s name',
    roles: ['rehearsal'],
  },
  ...['s3:PutObject', 's3:DeleteObject'].map((action) => ({
    action,
    proof: 'model' as const,
    why: 'state that agents cannot send each other; test/agent/transfer has it in a store in memory',
    roles: ['agent'],
  })),
  ...all('template', 'the SSM agent of an instance', 'ssm', 'UpdateInstanceInformation'),
  ...all(
    'template',
    'the SSM agent of an instance',
    'ssmmessages',
    'CreateControlChannel',
    'CreateDataChannel',
    'OpenControlChannel',
    'OpenDataChannel',
  ),
  ...all(
    'template',
    'older SSM agents of an instance',
    'ec2messages',
    'AcknowledgeMessage',
    'DeleteMessage',
    'FailMessage',
    'GetEndpoint',
    'GetMessages',
    'SendReply',
  ),
  ...all(
    'template',
    'the unit of the sample service, on an instance',
    'autoscaling',
    'RecordLifecycleActionHeartbeat',
  ),
  ...all(
    'template',
    'never called: with it S3 says that an object is missing, and not that it is forbidden',
    's3',
    'ListBucket',
  ),
  ...all(
    'template',
    'Step Functions and Scheduler start things in the role’s name; MiniStack does so without asking',
    'lambda',
    'InvokeFunction',
  ),
  ...all(
    'template',
    'Scheduler and Distributed Maps start executions in the role’s name; MiniStack does so without asking',
    'states',
    'StartExecution',
  ),
  ...all('model', 'moto answers HTTP 500', 'autoscaling', 'CompleteLifecycleAction'),
  ...all(
    'model',
    WAYS,
    'autoscaling',
    'DescribeAutoScalingGroups',
    'DescribeWarmPool',
    'ExitStandby',
    'PutWarmPool',
    'SetInstanceProtection',
  ),
  ...all('model', 'moto does not know it', 'autoscaling', 'LaunchInstances'),
  ...all(
    'template',
    'Auto Scaling asks it of the caller of LaunchInstances, as documented',
    'ec2',
    'CreateFleet',
    'DescribeLaunchTemplateVersions',
  ),
  ...all('model', WAYS, 'ec2', 'DescribeInstances', 'StartInstances', 'TerminateInstances'),
  ...all(
    'model',
    WAYS,
    'elasticloadbalancing',
    'AddTags',
    'DeregisterTargets',
    'DescribeTags',
    'DescribeTargetHealth',
    'RegisterTargets',
  ),
  ...all('model', WAYS, 'ssm', 'SendCommand', 'GetCommandInvocation'),
  ...all('model', WAYS, 'dynamodb', 'GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'),
  ...all('model', WAYS, 's3', 'GetObject'),
  ...all('model', WAYS, 'events', 'PutEvents'),
];
