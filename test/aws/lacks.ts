/**
 * What the AWS-compatible servers of `npm run test:aws` lack of what Foreshard uses: the one place that names it.
 * Types of resources listed here are left out of the deploy into MiniStack; docs/verification.md is printed from it.
 */
export interface Lack {
  readonly id: string;
  readonly server: 'MiniStack' | 'moto';
  /** Type of resource (`AWS::X::Y`: left out of the deploy), or what is missing in words. */
  readonly what: string;
  readonly why: string;
  /** How else it is proven, or that only AWS can confirm it. */
  readonly instead: string;
}

const REFUSED = 'MiniStack refuses a template that has one';
const ON_TEMPLATE = 'asserted on the synthesised template (test/infra)';

export const LACKS: readonly Lack[] = [
  {
    id: 'type-warm-pool',
    server: 'MiniStack',
    what: 'AWS::AutoScaling::WarmPool',
    why: REFUSED,
    instead: `${ON_TEMPLATE}; its behaviour by the model of AWS in test/model-aws`,
  },
  {
    id: 'type-document',
    server: 'MiniStack',
    what: 'AWS::SSM::Document',
    why: REFUSED,
    instead: ON_TEMPLATE,
  },
  {
    id: 'type-ingress',
    server: 'MiniStack',
    what: 'AWS::EC2::SecurityGroupIngress',
    why: REFUSED,
    instead: ON_TEMPLATE,
  },
  {
    id: 'type-egress',
    server: 'MiniStack',
    what: 'AWS::EC2::SecurityGroupEgress',
    why: REFUSED,
    instead: ON_TEMPLATE,
  },
  {
    id: 'type-eip',
    server: 'MiniStack',
    what: 'AWS::EC2::EIP',
    why: `${REFUSED}; deployed with natGateways=0`,
    instead: ON_TEMPLATE,
  },
  {
    id: 'type-nat',
    server: 'MiniStack',
    what: 'AWS::EC2::NatGateway',
    why: `${REFUSED}; deployed with natGateways=0`,
    instead: ON_TEMPLATE,
  },
  {
    id: 'table-settings',
    server: 'MiniStack',
    what: 'TTL, point-in-time recovery and deletion protection of a table made by CloudFormation',
    why: 'the stack completes without them',
    instead: ON_TEMPLATE,
  },
  {
    id: 'public-parameters',
    server: 'MiniStack',
    what: 'AWS’s public parameters, such as the newest Amazon Linux',
    why: 'ParameterNotFound, and nobody may put them',
    instead: `the deploys name an image (-c ami); the parameter is ${ON_TEMPLATE}`,
  },
  {
    id: 'policy-resources',
    server: 'MiniStack',
    what: 'the resources and tags that policies on target groups, rules, log streams and task tokens are evaluated on',
    why: 'it evaluates them on `*`, or on a stream’s group',
    instead: 'test/aws/server.py gives it the ones of AWS’s service authorization reference; enforced then',
  },
  {
    id: 'error-names',
    server: 'MiniStack',
    what: 'names of errors that Node.js functions throw',
    why: 'each becomes Runtime.HandlerError',
    instead:
      'no machine of ours catches an error of a function by its name: expected outcomes are data (test/statemachines)',
  },
  {
    id: 'machine-roles',
    server: 'MiniStack',
    what: 'policies of roles of machines, schedules and rules, and permissions of functions',
    why: 'only policies of functions’ roles are enforced: what a machine or a schedule starts is started anyway',
    instead: `${ON_TEMPLATE}, both ways against infra/grants.ts`,
  },
  {
    id: 'same-name',
    server: 'MiniStack',
    what: 'a second StartExecution with the same name and input while the first runs',
    why: 'ExecutionAlreadyExists; AWS answers as the first time',
    instead: 'both are success to the adapter (test/adapters)',
  },
  {
    id: 'emf',
    server: 'MiniStack',
    what: 'metrics from log lines in the embedded metric format',
    why: 'lines stay lines',
    instead:
      'the lines are asserted; namespace and dimensions are those of alarms and dashboard (test/infra)',
  },
  {
    id: 'metric-math',
    server: 'MiniStack',
    what: 'metric math in alarms and GetMetricData',
    why: 'InternalError, or CREATE_FAILED',
    instead: `alarms with an expression are ${ON_TEMPLATE}`,
  },
  {
    id: 'rule-priority',
    server: 'MiniStack',
    what: 'unique priorities of listener rules, target groups in use, targets that are not registered',
    why: 'accepted, deleted, left out of the answer',
    instead: 'the main deploy has its load balancer in moto, which answers all three as AWS documents',
  },
  {
    id: 'suspend',
    server: 'MiniStack',
    what: 'a schedule that calls autoscaling:SuspendProcesses',
    why: 'the target of a schedule is a function or a machine there',
    instead: ON_TEMPLATE,
  },
  {
    id: 'group-instances',
    server: 'MiniStack',
    what: 'instances of Auto Scaling groups',
    why: 'its groups never launch any',
    instead:
      'groups of the same names in moto, which the functions see through AWS_ENDPOINT_URL_AUTO_SCALING',
  },
  {
    id: 'warm-pool',
    server: 'moto',
    what: 'a warm pool that holds or hands out instances',
    why: 'only its configuration is kept',
    instead: 'the model of AWS in test/model-aws, by AWS’s documentation',
  },
  {
    id: 'hooks',
    server: 'moto',
    what: 'lifecycle hooks',
    why: 'instances are InService at once; CompleteLifecycleAction and RecordLifecycleActionHeartbeat answer HTTP 500',
    instead: 'the model of AWS; the events of both launches are put by the tests as AWS documents them',
  },
  {
    id: 'launch-instances',
    server: 'moto',
    what: 'autoscaling:LaunchInstances',
    why: 'of November 2025; moto 5.2.5 does not know the operation',
    instead:
      'the model of AWS: zone, client token, answer with the ids, no capacity (test/adapters/fleet-launch.test.ts)',
  },
  {
    id: 'events-of-groups',
    server: 'moto',
    what: 'events of EC2 and Auto Scaling on a bus',
    why: 'moto and MiniStack do not know each other',
    instead:
      'the tests put them on the default bus of MiniStack with AWS’s sources, so that the product’s rules are the real ones',
  },
  {
    id: 'zones',
    server: 'moto',
    what: 'spread over zones and types, Spot instances marked as such',
    why: 'all in the first zone and of the first type, none marked',
    instead: 'the group’s name decides which are Spot; the model of AWS for the rest',
  },
  {
    id: 'target-states',
    server: 'moto',
    what: 'target states initial, draining and unhealthy; health checks; traffic',
    why: 'registered is healthy at once, deregistered unused at once',
    instead: 'the model of AWS: each state with its time (test/contracts, test/statemachines)',
  },
  {
    id: 'unknown-target',
    server: 'moto',
    what: 'a refusal to register an instance that does not exist',
    why: 'accepted; a stopped one is refused as AWS does',
    instead: 'the model of AWS (test/contracts)',
  },
  {
    id: 'run-command',
    server: 'moto',
    what: 'Run Command on a host',
    why: 'each command is a success at once, with empty output, on any document',
    instead:
      'the hooks of the sample service run for real in test/examples; the document’s script in test/infra',
  },
  {
    id: 'termination-policy',
    server: 'moto',
    what: 'a termination policy function',
    why: 'never called',
    instead: 'invoked by the tests with the payload that AWS documents; the model of AWS calls it',
  },
  {
    id: 'enforced-in-moto',
    server: 'moto',
    what: 'IAM policies',
    why: 'not enforced unless set up in moto, which does not know the roles',
    instead: 'each call that a function made there is matched with its role’s policy at the end of the run',
  },
];

/** Types of resources that MiniStack refuses. */
export const LEFT_OUT: readonly string[] = LACKS.map(({ what }) => what).filter((what) =>
  what.startsWith('AWS::'),
);
