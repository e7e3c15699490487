import { type Grant, invoke, NO_LEVEL, onFailure, start } from './common.ts';

/** Roles besides those of the functions. */
export type OtherRole =
  | 'move'
  | 'hand-over'
  | 'activate-standby'
  | 'forecast-fleet'
  | 'schedules'
  | 'rehearsal'
  | 'instance'
  | 'agent';

const machineLogs: readonly Grant[] = [
  {
    actions: [
      'logs:CreateLogDelivery',
      'logs:GetLogDelivery',
      'logs:UpdateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:DescribeResourcePolicies',
      'logs:DescribeLogGroups',
    ],
    on: ['any'],
    why: `has its errors logged; ${NO_LEVEL}`,
  },
  {
    actions: [
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
    ],
    on: ['any'],
    why: `tracing; ${NO_LEVEL}`,
  },
];

export const OTHER_GRANTS: Readonly<Record<OtherRole, readonly Grant[]>> = {
  move: [invoke('its steps', 'moveSteps'), ...machineLogs],
  'hand-over': [invoke('its steps', 'handOverSteps'), ...machineLogs],
  'activate-standby': [invoke('its steps', 'standbySteps'), ...machineLogs],
  'forecast-fleet': [
    invoke('forecasts a chunk of shards', 'forecastFunction'),
    start('a distributed map starts one execution per chunk', 'forecastMachine'),
    {
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      on: ['forecastExecutions'],
      why: 'a distributed map follows them',
    },
    ...machineLogs,
  ],
  schedules: [
    invoke('every minute; every few minutes', 'planFunction', 'forecastFunction', 'proposeFunction'),
    start('the forecasts of many shards', 'forecastMachine'),
    {
      actions: ['autoscaling:SuspendProcesses'],
      on: ['groups'],
      why: 'keeps AZRebalance suspended: CloudFormation cannot say it',
    },
    onFailure,
  ],
  rehearsal: [
    {
      actions: ['ec2:DescribeInstances'],
      on: ['any'],
      why: `finds the service’s Spot instances; ${NO_LEVEL}`,
    },
    {
      actions: ['ec2:SendSpotInstanceInterruptions'],
      on: ['instances'],
      why: 'interrupts one of them, as Spot does',
    },
  ],
  instance: [
    { actions: ['ssm:UpdateInstanceInformation'], on: ['any'], why: 'the SSM agent says that it is there' },
    {
      actions: [
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      on: ['any'],
      why: `the SSM agent’s channel; ${NO_LEVEL}`,
    },
    {
      actions: [
        'ec2messages:AcknowledgeMessage',
        'ec2messages:DeleteMessage',
        'ec2messages:FailMessage',
        'ec2messages:GetEndpoint',
        'ec2messages:GetMessages',
        'ec2messages:SendReply',
      ],
      on: ['any'],
      why: `the channel of older SSM agents; ${NO_LEVEL}`,
    },
    {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      on: ['reports'],
      why: 'the reporter’s line of every minute',
    },
    {
      actions: ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
      on: ['groups'],
      why: 'says that it is ready, or that it needs longer',
    },
  ],
  agent: [
    {
      actions: ['s3:GetObject'],
      on: ['agentAssets'],
      why: 'installs the agent at the first boot of an instance',
    },
    {
      actions: [
        'dynamodb:GetItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
      ],
      on: ['agentItems'],
      why: 'its beats, its slots and its hand-overs',
    },
    { actions: ['s3:GetObject'], on: ['settings'], why: 'reads the settings' },
    {
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      on: ['hops'],
      why: 'state of a hand-over, encrypted by its own key, where agents cannot reach each other',
    },
    {
      actions: ['s3:ListBucket'],
      on: ['bucket'],
      // Not by prefix: a condition on it does not hold for GetObject, which would say 403 for what is not there yet.
      why: 'finds it, and tells an object that is missing from one that is forbidden',
    },
  ],
};
