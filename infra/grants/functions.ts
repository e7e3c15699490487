import type { FunctionName } from '../../lambdas/environment.ts';
import { type Grant, invoke, NO_LEVEL, onFailure, start } from './common.ts';

type Verb = 'GetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

const table = (why: string, ...verbs: readonly Verb[]): Grant => ({
  actions: verbs.map((verb) => `dynamodb:${verb}`),
  on: ['table'],
  why,
});
const tableAll = (why: string) => table(why, 'GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem');
const list: Grant = {
  actions: ['s3:ListBucket'],
  on: ['bucket'],
  why: 'tells an object that is missing from one that is forbidden',
};
const settings: readonly Grant[] = [
  { actions: ['s3:GetObject'], on: ['settings'], why: 'reads the settings' },
  list,
];
const publish: Grant = { actions: ['events:PutEvents'], on: ['bus'], why: 'publishes what it did' };
const deregister: Grant = {
  actions: ['elasticloadbalancing:DeregisterTargets'],
  on: ['ourTargetGroups', 'adoptedTargetGroups'],
  why: 'takes a slice out of its shard; a group of others only when its owner has tagged it for that',
};
const register: Grant = {
  actions: ['elasticloadbalancing:RegisterTargets'],
  on: ['ourTargetGroups', 'adoptedTargetGroups'],
  why: 'puts a slice into its shard; a group of others only when its owner has tagged it for that',
};
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
const groups: Grant = {
  actions: ['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeWarmPool'],
  on: ['any'],
  why: `reads the fleet; ${NO_LEVEL}`,
};
const machines: Grant = {
  actions: ['ec2:DescribeInstances'],
  on: ['any'],
  why: `reads what state an instance is in; ${NO_LEVEL}`,
};

/** What each function may do besides its log and its trace. */
export const FUNCTION_GRANTS: Readonly<Record<FunctionName, readonly Grant[]>> = {
  plan: [
    tableAll('reads the state, writes the plan, settles the fleet'),
    ...settings,
    publish,
    groups,
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
      actions: ['autoscaling:LaunchInstances'],
      on: ['groups'],
      why: 'launches a reserve in the zone that was chosen for it',
    },
    {
      actions: ['ec2:CreateFleet', 'ec2:DescribeLaunchTemplateVersions'],
      on: ['any'],
      why: `LaunchInstances needs both of its caller; ${NO_LEVEL}`,
    },
    machines,
    {
      actions: ['ec2:StartInstances', 'ec2:StopInstances', 'ec2:TerminateInstances'],
      on: ['instances'],
      why: 'puts an instance in standby or ends it',
    },
    { actions: ['cloudwatch:GetMetricData'], on: ['any'], why: `reads the load; ${NO_LEVEL}` },
    { actions: ['logs:GetLogEvents'], on: ['reports'], why: 'reads the load that instances report' },
    register,
    deregister,
    targetHealth,
    ...hooks,
    start('starts what it has planned', 'moveMachine', 'handOverMachine', 'standbyMachine'),
    invoke(
      'starts the poller and, when the settings have changed, the sync',
      'pollFunction',
      'routeSyncFunction',
    ),
    onFailure,
  ],
  forecast: [
    table('reads loads and routes, writes forecasts', 'GetItem', 'Query', 'PutItem'),
    ...settings,
    { actions: ['s3:GetObject', 's3:PutObject'], on: ['forecasters'], why: 'keeps the forecasters’ state' },
    { actions: ['cloudwatch:GetMetricData'], on: ['any'], why: `reads the history; ${NO_LEVEL}` },
    onFailure,
  ],
  'propose-shards': [
    table(
      'reads modes and the newest plan, keeps the proposals',
      'GetItem',
      'Query',
      'PutItem',
      'DeleteItem',
    ),
    ...settings,
    { actions: ['s3:PutObject'], on: ['settings'], why: 'adds a shard that was accepted, and its route' },
    { actions: ['s3:GetObject', 's3:PutObject'], on: ['trackers'], why: 'keeps what it knows of the keys' },
    { actions: ['logs:GetLogEvents'], on: ['reports'], why: 'reads the keys that instances report' },
    invoke('has the routes follow', 'routeSyncFunction'),
    publish,
    onFailure,
  ],
  'claim-slice': [
    table(
      'claims a slice, ends a copy that it was to get, writes that it drains',
      'GetItem',
      'UpdateItem',
      'DeleteItem',
    ),
    deregister,
  ],
  'await-target': [
    table('writes down who waits for what', 'GetItem', 'PutItem'),
    targetHealth,
    invoke('starts the poller', 'pollFunction'),
  ],
  'activate-slice': [
    table('writes that the slice is being activated', 'GetItem', 'UpdateItem'),
    targetHealth,
    register,
    ...hooks,
  ],
  'commit-move': [
    table('writes the slice’s new placement; forgets one that leaves', 'GetItem', 'UpdateItem', 'DeleteItem'),
    publish,
  ],
  'undo-move': [
    table('gives the slice back', 'GetItem', 'Query', 'UpdateItem'),
    ...settings,
    groups,
    targetHealth,
    deregister,
    ...hooks,
    publish,
  ],
  'poll-targets': [
    tableAll('reads who waits, writes what is healthy'),
    targetHealth,
    { actions: ['states:SendTaskSuccess'], on: ['moveMachine'], why: 'answers a move that waits' },
    onFailure,
  ],
  'wake-instance': [
    table('reads the fleet’s items, writes that it was woken', 'GetItem', 'Query', 'PutItem', 'UpdateItem'),
    ...settings,
    groups,
    machines,
    { actions: ['ec2:StartInstances'], on: ['instances'], why: 'starts an instance that stands by' },
    {
      actions: ['autoscaling:ExitStandby', 'autoscaling:PutWarmPool'],
      on: ['groups'],
      why: 'puts it back into its group, beside the stock of the warm pool',
    },
    publish,
  ],
  'place-standby': [
    table('adds its slices, writes the moves', 'GetItem', 'Query', 'PutItem', 'UpdateItem'),
    ...settings,
    start('moves its slices', 'moveMachine'),
    publish,
  ],
  'note-interruption': [
    table('marks the instance, reads its slices and the modes', 'GetItem', 'Query', 'UpdateItem'),
    ...settings,
    invoke('has it replaced', 'planFunction'),
    publish,
  ],
  'hand-over-slots': [
    tableAll('reads who can take over, opens the hand-over, claims its target'),
    ...settings,
    groups,
    targetHealth,
    register,
    publish,
  ],
  'open-hand-over': [
    tableAll('reads who can take over, opens the hand-over, claims its target'),
    ...settings,
    groups,
    publish,
  ],
  'await-hand-over': [
    table('reads how far the copy is, writes its end', 'GetItem', 'UpdateItem', 'DeleteItem'),
    ...settings,
    register,
    publish,
  ],
  'redirect-traffic': [
    table('writes that the target serves', 'GetItem', 'UpdateItem'),
    ...settings,
    targetHealth,
    register,
  ],
  'evacuate-slice': [
    table('holds the slice, then forgets it', 'GetItem', 'Query', 'UpdateItem', 'DeleteItem'),
    ...settings,
    groups,
    targetHealth,
    deregister,
    ...hooks,
  ],
  'finish-evacuation': [publish],
  'instance-events': [
    tableAll('writes what arrived and what left'),
    ...settings,
    groups,
    deregister,
    {
      actions: ['autoscaling:CompleteLifecycleAction'],
      on: ['groups'],
      why: 'lets an instance go that serves nobody',
    },
    start('starts the evacuation', 'handOverMachine'),
    invoke('has the plan made at once', 'planFunction'),
    publish,
    onFailure,
  ],
  'route-sync': [
    tableAll('writes where each shard’s targets are'),
    {
      actions: ['s3:GetObject', 's3:PutObject'],
      on: ['settings'],
      why: 'puts the deployed settings in place',
    },
    list,
    { actions: ['s3:GetObject'], on: ['settingsAsset'], why: 'reads the settings that were deployed' },
    {
      actions: [
        'elasticloadbalancing:DescribeTargetGroups',
        'elasticloadbalancing:DescribeRules',
        'elasticloadbalancing:DescribeTags',
      ],
      on: ['any'],
      why: `reads what is there; ${NO_LEVEL}`,
    },
    {
      actions: ['elasticloadbalancing:CreateTargetGroup'],
      on: ['newTargetGroups'],
      why: 'makes a shard’s target group',
    },
    {
      actions: ['elasticloadbalancing:AddTags'],
      on: ['targetGroupTags'],
      why: 'tags it as it is made, and no other',
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
      on: ['listenerRuleTags'],
      why: 'tags it as it is made, and no other',
    },
    {
      actions: ['elasticloadbalancing:DeleteRule'],
      on: ['listenerRules'],
      why: 'removes the rule of a shard that has left, or whose route has changed',
    },
    publish,
    onFailure,
  ],
  'termination-policy': [table('reads which instances were released', 'Query')],
  api: [
    tableAll('reads the state, writes reservations, VM shards and idempotency keys'),
    ...settings,
    groups,
    start('hands a shard over when asked to', 'handOverMachine'),
    publish,
  ],
  'shard-charts': [table('reads what it draws', 'Query'), ...settings],
};
