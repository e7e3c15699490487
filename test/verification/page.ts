import { LACKS } from '../aws/lacks.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { type Listed, listed } from './listed.ts';

const ONLY_AWS: readonly (readonly [string, string])[] = [
  [
    'That a warm pool hands out stopped instances in the time that `leadTimes.warm` says',
    'DESIGN of the fleet; the model of AWS; measure it in your account and set the lead time',
  ],
  [
    'Lifecycle hooks that hold an instance until the unit of its image completes them, twice',
    'the model of AWS; the sample service’s unit is run on loopback',
  ],
  [
    'Spot capacity, notices and recommendations at their real times',
    'events as AWS documents them, put by the tests; the simulated world with recorded interruptions',
  ],
  [
    'ALB health checks, draining for the deregistration delay, and that no request is lost in a move',
    'the model of AWS; the order of steps is asserted (register after activate, activate after `unused`)',
  ],
  [
    'Run Command’s delivery and its time on a host',
    'the hooks run for real, without the agent that calls them',
  ],
  ['AWS’s throttling as it is today', 'the documented buckets, enforced by the model of AWS'],
  [
    'Policies of machines, schedules, rules, instances and of what AWS does in a role’s name',
    'asserted on the template against infra/grants.ts, both ways',
  ],
  [
    'Cold starts, ARM64, tracing, metrics from log lines, alarms that go off',
    'asserted on the template; bundles are measured (bench:control)',
  ],
  ['Prices', 'docs/costs.md: list prices times counted calls'],
];

const row = (...cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
const roles = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

function actionRows(all: readonly Listed[]): string[][] {
  const actions = [...new Set(all.map(({ action }) => action))].sort();
  return actions.map((action) => {
    const of = (where: Listed['where']) =>
      roles(all.filter((one) => one.action === action && one.where === where).map(({ role }) => role));
    const why = ELSEWHERE.filter((one) => one.action === action).map(({ proof, why }) => `${proof}: ${why}`);
    return [
      `\`${action}\``,
      of('ministack'),
      of('moto'),
      [of('model'), of('template')].filter(Boolean).join(', '),
      why.join('; '),
    ];
  });
}

/** docs/verification.md: what is proven where, and what is not. */
export function page(): string {
  const all = listed();
  const counts = (where: Listed['where']) => all.filter((one) => one.where === where).length;
  return `<!-- Made by \`node test/verification/write.ts\`: change what it is made from. -->
# What is proven, and where

Foreshard has not been run in an AWS account by its authors. This page says what stands in for one, what that shows, and
what is left for AWS to confirm.

| What | Runs on | Command |
| --- | --- | --- |
| planning, forecasts, flows | pure functions and the simulated world, in virtual time, under faults | \`npm test\` |
| handlers, adapters, state machines: every state and every way back | the same code on a model of AWS of ours (\`test/model-aws\`), made from AWS’s documentation, with throttling; the ASL files run by an interpreter of ours | \`npm test\` |
| the template: every requirement, cdk-nag, policies against \`infra/grants.ts\` | CDK’s synthesis | \`npm test\` |
| the template deployed, its functions and machines running | MiniStack and moto, AWS-compatible servers made by others | \`npm run test:aws\` |
| ports’ contracts on the AWS adapters | MiniStack and moto | \`npm run test:aws\` |
| agents, state, slots, load balancer and VM shards through a Spot notice; LoadBalancer’s contract on haproxy | hosts with their own systemd, network and limits, AWS’s metadata mock, Debian’s haproxy, MiniStack | \`npm run test:hosts\` |

## \`npm run test:aws\`

Needs python3 (3.11 or newer) with pip, and PyPI once: it installs MiniStack 1.5.33 and moto 5.2.5 with all that they
need, each pinned (\`test/aws/requirements.txt\`), into \`node_modules/.cache\`. Both listen on loopback alone, on free
ports, and end with the run, also with one that is killed.

1. \`cdk bootstrap\`, then \`cdk deploy\` of the app as it is, with examples/fleet.yaml: all shards in shadow. Its VPC and
   load balancer are the template’s own, in MiniStack.
2. \`cdk deploy\` of a user’s own app (\`test/aws/own-app.ts\`) with active shards. Its VPC and load balancer are there
   before, in moto, as are the instances of its groups.
3. The schedules fire every minute; load is put into CloudWatch, events of EC2 and Auto Scaling onto the default bus; what
   the functions did is read through AWS’s SDK.

**Policies are enforced.** MiniStack runs with \`AUTH=true\`: each function has a session of its own role, and a call that its
policy does not allow is refused, tags and names of resources included. \`test/aws/server.py\` changes two things in it:
PutEvents takes the sources of AWS (the tests stand in for AWS there), and policies on target groups, rules, log streams and
task tokens are evaluated on what AWS evaluates them on, which MiniStack does not know by itself. A recorder on loopback in front of each server writes
down who called what; calls at moto, which enforces nothing, are matched with the caller’s policy afterwards.

### Seen to work there

- CloudFormation: custom resources (the function answers \`ResponseURL\`), \`nodejs24.x\` on \`arm64\` (run by this project’s Node.js),
  change sets, outputs, roles with inline policies; bootstrap 2 s, deploy of 90 resources 6 s.
- Step Functions: Map with a Wait of its own timestamp per item, Distributed Map with \`EXPRESS\` children that run a function,
  \`waitForTaskToken\` with SendTaskSuccess (a second one is refused), Retry and Catch with \`States.ALL\`.
- Scheduler \`rate(1 minute)\` starts a function; asynchronous invocation; eight invocations of 1 s at once take 1.6 s.
- S3 \`IfMatch\`, \`IfNoneMatch\` on writes and reads (412, 304); Logs put, filter and get by time.
- CloudWatch PutMetricData and GetMetricData by the SDK’s CBOR protocol; values come ascending whatever was asked.

## What the servers lack

One list, \`test/aws/lacks.ts\`: types of resources in it are left out of the deploys.

${table(
  ['Server', 'What', 'Why', 'Instead'],
  LACKS.map(({ server, what, why, instead }) => [
    server,
    what.startsWith('AWS::') ? `\`${what}\`` : what,
    why,
    instead,
  ]),
)}

## IAM actions, and where each was exercised

Every action that a role is granted (\`infra/grants.ts\`). A test holds this list to the synthesised policies: granted and not
listed fails, listed and not granted fails; \`npm run test:aws\` fails when a use listed here was not seen. ${counts('ministack')} uses
on MiniStack with the policy enforced, ${counts('moto')} on moto, ${counts('model')} on the model of AWS alone, ${counts('template')} on the template alone.

${table(['Action', 'MiniStack, enforced', 'moto', 'Neither', 'How else'], actionRows(all))}

## What only AWS can confirm

${table(['What', 'What stands in for it'], ONLY_AWS)}
`;
}
