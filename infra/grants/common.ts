/** What a grant is on; {@link RESOURCES} says it in words, infra/arns.ts as ARNs. */
export type ResourceName = keyof typeof RESOURCES;

export const RESOURCES = {
  any: '*',
  table: 'the table',
  agentItems:
    'items of the table with the partition key `slots`, `agent`, `hand-over`, `hand-over-target` or `vm`',
  bucket: 'the bucket',
  settings: '`settings.yaml` in the bucket',
  forecasters: '`forecasters/*` in the bucket',
  trackers: '`proposals/*` in the bucket',
  hops: '`hand-overs/*` in the bucket',
  agentAssets: 'the files of the agent that the deploy has uploaded',
  settingsAsset: 'the settings file that the deploy has uploaded',
  bus: 'the event bus',
  groups: 'the two Auto Scaling groups',
  instances: 'instances that carry the service’s tag',
  hookDocument: 'the SSM document of the hooks',
  reports: 'the log group of the reporters',
  ownLogs: 'the function’s own log group',
  ourTargetGroups: 'target groups that carry the service’s tag',
  newTargetGroups: 'target groups that are given the service’s tag when they are made',
  targetGroupTags: 'target groups, as part of making one with the service’s tag',
  adoptedTargetGroups: 'target groups that their owner has tagged for the service',
  listeners: 'the listeners of the service',
  listenerRules: 'rules of these listeners that carry the service’s tag',
  listenerRuleTags: 'rules of these listeners, as part of making one with the service’s tag',
  moveMachine: 'the machine `move`',
  handOverMachine: 'the machine `hand-over`',
  standbyMachine: 'the machine `activate-standby`',
  forecastMachine: 'the machine `forecast-fleet`',
  forecastExecutions: 'executions of `forecast-fleet`',
  planFunction: 'the function `plan`',
  pollFunction: 'the function `poll-targets`',
  routeSyncFunction: 'the function `route-sync`',
  forecastFunction: 'the function `forecast`',
  proposeFunction: 'the function `propose-shards`',
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

export const NO_LEVEL = 'the API has no narrower resource';

export const start = (why: string, ...on: readonly ResourceName[]): Grant => ({
  actions: ['states:StartExecution'],
  on,
  why,
});
export const invoke = (why: string, ...on: readonly ResourceName[]): Grant => ({
  actions: ['lambda:InvokeFunction'],
  on,
  why,
});
export const onFailure: Grant = {
  actions: ['sqs:SendMessage'],
  on: ['failed'],
  why: 'keeps an event that failed to the last try',
};
