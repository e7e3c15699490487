import type { FunctionName } from '../lambdas/environment.ts';
import { FUNCTIONS } from './names.ts';

/**
 * Everything that a role of ours may do, in one place: the policies are made from this, docs/iam.md is printed from
 * it, and a test compares the synthesised template with it, both ways. No role gets anything from elsewhere.
 */

/** What a grant is on; {@link RESOURCES} says it in words, arns.ts as ARNs. */
export type ResourceName = keyof typeof RESOURCES;

export const RESOURCES = {
  any: '*',
  table: 'the table',
  bucket: 'the bucket',
  settings: '`settings.yaml` in the bucket',
  forecasters: '`forecasters/*` in the bucket',
  settingsAsset: 'the settings file that the deploy has uploaded',
  bus: 'the event bus',
  groups: 'the two Auto Scaling groups',
  instances: 'instances that carry the service’s tag',
  hookDocument: 'the SSM document of the hooks',
  reports: 'the log group of the reporters',
  ownLogs: 'the function’s own log group',
  ourTargetGroups: 'target groups that carry the service’s tag',
  newTargetGroups: 'target groups that are given the service’s tag when they are made',
  adoptedTargetGroups: 'target groups that their owner has tagged for the service',
  listeners: 'the listeners of the service',
  listenerRules: 'rules of these listeners',
  newListenerRules: 'rules of these listeners that are given the service’s tag when they are made',
  moveMachine: 'the machine `move`',
  handOverMachine: 'the machine `hand-over`',
  standbyMachine: 'the machine `activate-standby`',
  forecastMachine: 'the machine `forecast-fleet`',
  forecastExecutions: 'executions of `forecast-fleet`',
  planFunction: 'the function `plan`',
  pollFunction: 'the function `poll-targets`',
  routeSyncFunction: 'the function `route-sync`',
  forecastFunction: 'the function `forecast`',
  moveSteps: 'the functions of the machine’s steps',
  standbySteps: 'the functions of the machine’s steps',
  handOverSteps: 'the functions of the machine’s steps',
  failed: 'the queue of failed events',
} as const;

export interface Grant {
  readonly actions: readonly string[];
  readonly on: readonly ResourceName[];
  /** For people; where `on` is `any`, it says that the API knows no narrower resource. */
  readonly why: string;
}

const NO_LEVEL = 'the API has no narrower resource';

const logs: Grant = {
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  on: ['ownLogs'],
  why: 'its log',
};
const traces: Grant = {
  actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  on: ['any'],
  why: `active tracing; ${NO_LEVEL}`,
};
const onFailure: Grant = {
  actions: ['sqs:SendMessage'],
  on: ['failed'],
  why: 'keeps an event that failed to the last try',
};
const table = (why: string, ...verbs: readonly string[]): Grant => ({
  actions: verbs.map((verb) => `dynamodb:${verb}`),
  on: ['table'],
  why,
});
const readWrite = (why: string) => table(why, 'GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem');
const settings: readonly Grant[] = [
  { actions: ['s3:GetObject'], on: ['settings'], why: 'reads the settings' },
  {
    actions: ['s3:ListBucket'],
    on: ['bucket'],
    why: 'tells an object that is missing from one that is forbidden',
  },
];
const publish: Grant = { actions: ['events:PutEvents'], on: ['bus'], why: 'publishes what it did' };
const start = (why: string, ...on: readonly ResourceName[]): Grant => ({
  actions: ['states:StartExecution'],
  on,
  why,
});
const invoke = (why: string, ...on: readonly ResourceName[]): Grant => ({
  actions: ['lambda:InvokeFunction'],
  on,
  why,
});
const targets: readonly Grant[] = [
  {
    actions: ['elasticloadbalancing:RegisterTargets', 'elasticloadbalancing:DeregisterTargets'],
    on: ['ourTargetGroups', 'adoptedTargetGroups'],
    why: 'moves a slice between target groups; a group of others only when its owner has tagged it for that',
  },
];
const targetHealth: Grant = {
  actions: ['elasticloadbalancing:DescribeTargetHealth'],
  on: ['any'],
  why: `reads the health of slices; ${NO_LEVEL}`,
};
const hooks: readonly Grant[] = [
  {
    actions: ['ssm:SendCommand'],
    on: ['hookDocument', 'instances'],
    why: 'runs a hook on an instance of the service',
  },
  { actions: ['ssm:GetCommandInvocation'], on: ['any'], why: `reads how the hook ended; ${NO_LEVEL}` },
];
const fleetReads: Grant = {
  actions: ['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeWarmPool'],
  on: ['any'],
  why: `reads the fleet; ${NO_LEVEL}`,
};

/** What each function may do besides its log and its trace. */
const OWN: Readonly<Record<FunctionName, readonly Grant[]>> = {
  plan: [
    readWrite('reads the state, writes the plan, settles the fleet'),
    ...settings,
    publish,
    onFailure,
    fleetReads,
    {
      actions: [
        'autoscaling:SetDesiredCapacity',
        'autoscaling:SetInstanceProtection',
        'autoscaling:TerminateInstanceInAutoScalingGroup',
        'autoscaling:EnterStandby',
        'autoscaling:ExitStandby',
        'autoscaling:PutWarmPool',
      ],
      on: ['groups'],
      why: 'carries out the fleet’s part of the plan',
    },
    {
      actions: ['ec2:DescribeInstances'],
      on: ['any'],
      why: `reads what state an instance is in; ${NO_LEVEL}`,
    },
    {
      actions: ['ec2:StartInstances', 'ec2:StopInstances', 'ec2:TerminateInstances'],
      on: ['instances'],
      why: 'puts an instance in standby or ends it',
    },
    { actions: ['cloudwatch:GetMetricData'], on: ['any'], why: `reads the load; ${NO_LEVEL}` },
    {
      actions: ['logs:FilterLogEvents', 'logs:GetLogEvents'],
      on: ['reports'],
      why: 'reads the load that instances report',
    },
    start('starts what it has planned', 'moveMachine', 'handOverMachine', 'standbyMachine'),
    invoke(
      'starts the poller and, when the settings have changed, the sync',
      'pollFunction',
      'routeSyncFunction',
    ),
  ],
  forecast: [
    table('reads loads and routes, writes forecasts', 'GetItem', 'Query', 'PutItem'),
    ...settings,
    { actions: ['s3:GetObject', 's3:PutObject'], on: ['forecasters'], why: 'keeps the forecasters’ state' },
    { actions: ['cloudwatch:GetMetricData'], on: ['any'], why: `reads the history; ${NO_LEVEL}` },
    onFailure,
  ],
  'claim-slice': [readWrite('claims a slice'), ...settings, ...targets, publish],
  'await-target': [
    table('writes down who waits for what', 'PutItem', 'GetItem'),
    invoke('starts the poller', 'pollFunction'),
  ],
  'activate-slice': [readWrite('holds the slice'), ...settings, ...targets, ...hooks, publish],
  'commit-move': [readWrite('writes the slice’s new placement'), ...settings, publish],
  'undo-move': [readWrite('gives the slice back'), ...settings, ...targets, ...hooks, publish],
  'poll-targets': [
    readWrite('reads who waits, writes what is healthy'),
    ...settings,
    targetHealth,
    {
      actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      on: ['moveMachine'],
      why: 'answers a move that waits',
    },
    onFailure,
  ],
  'wake-instance': [
    readWrite('reads the fleet’s items'),
    ...settings,
    publish,
    fleetReads,
    {
      actions: ['ec2:DescribeInstances'],
      on: ['any'],
      why: `reads what state an instance is in; ${NO_LEVEL}`,
    },
    { actions: ['ec2:StartInstances'], on: ['instances'], why: 'starts an instance that stands by' },
    { actions: ['autoscaling:ExitStandby'], on: ['groups'], why: 'puts it back into its group' },
  ],
  'place-standby': [
    readWrite('adds its slices'),
    ...settings,
    publish,
    start('moves its slices', 'moveMachine'),
  ],
  'note-interruption': [
    readWrite('marks the instance'),
    ...settings,
    publish,
    invoke('has it replaced', 'planFunction'),
  ],
  'evacuate-slice': [readWrite('holds the slice'), ...settings, ...targets, ...hooks, publish],
  'finish-evacuation': [readWrite('writes what became of it'), ...settings, publish],
  'instance-events': [
    readWrite('writes what arrived and what left'),
    ...settings,
    publish,
    fleetReads,
    {
      actions: ['autoscaling:CompleteLifecycleAction'],
      on: ['groups'],
      why: 'lets an instance go that serves nobody',
    },
    start('starts the evacuation', 'handOverMachine'),
    invoke('has the plan made at once', 'planFunction'),
    onFailure,
  ],
  'route-sync': [
    readWrite('writes where each shard’s targets are'),
    {
      actions: ['s3:GetObject', 's3:PutObject'],
      on: ['settings'],
      why: 'puts the deployed settings in place',
    },
    {
      actions: ['s3:ListBucket'],
      on: ['bucket'],
      why: 'tells an object that is missing from one that is forbidden',
    },
    { actions: ['s3:GetObject'], on: ['settingsAsset'], why: 'reads the settings that were deployed' },
    publish,
    {
      actions: [
        'elasticloadbalancing:DescribeTargetGroups',
        'elasticloadbalancing:DescribeTargetGroupAttributes',
        'elasticloadbalancing:DescribeTargetHealth',
        'elasticloadbalancing:DescribeRules',
        'elasticloadbalancing:DescribeTags',
      ],
      on: ['any'],
      why: `reads what is there; ${NO_LEVEL}`,
    },
    {
      actions: ['elasticloadbalancing:CreateTargetGroup', 'elasticloadbalancing:AddTags'],
      on: ['newTargetGroups'],
      why: 'makes a shard’s target group',
    },
    {
      actions: [
        'elasticloadbalancing:ModifyTargetGroup',
        'elasticloadbalancing:ModifyTargetGroupAttributes',
        'elasticloadbalancing:DeleteTargetGroup',
      ],
      on: ['ourTargetGroups'],
      why: 'keeps a shard’s target group as the settings say',
    },
    { actions: ['elasticloadbalancing:CreateRule'], on: ['listeners'], why: 'makes a shard’s rule' },
    {
      actions: ['elasticloadbalancing:AddTags'],
      on: ['newListenerRules'],
      why: 'tags the rule as it is made',
    },
    {
      actions: ['elasticloadbalancing:ModifyRule', 'elasticloadbalancing:DeleteRule'],
      on: ['listenerRules'],
      why: 'keeps a shard’s rule as the settings say',
    },
    onFailure,
  ],
  'termination-policy': [table('reads which instances were released', 'Query')],
  'shard-charts': [table('reads what it draws', 'GetItem', 'Query'), ...settings],
};

/** Roles besides those of the functions. */
export type OtherRole =
  | 'move'
  | 'hand-over'
  | 'activate-standby'
  | 'forecast-fleet'
  | 'schedules'
  | 'instance';

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

const OTHERS: Readonly<Record<OtherRole, readonly Grant[]>> = {
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
    invoke('every minute; every few minutes', 'planFunction', 'forecastFunction'),
    start('the forecasts of many shards', 'forecastMachine'),
    {
      actions: ['autoscaling:SuspendProcesses'],
      on: ['groups'],
      why: 'keeps AZRebalance suspended: CloudFormation cannot say it',
    },
    onFailure,
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
};

export type RoleName = FunctionName | OtherRole;

/** What a role may do. */
export function grantsOf(role: RoleName): readonly Grant[] {
  return role in OWN ? [logs, traces, ...OWN[role as FunctionName]] : OTHERS[role as OtherRole];
}

export const ROLES: readonly RoleName[] = [...FUNCTIONS, ...(Object.keys(OTHERS) as OtherRole[])];
