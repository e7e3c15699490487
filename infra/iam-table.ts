import { writeFileSync } from 'node:fs';
import { functionName } from '../lambdas/environment.ts';
import { type Grant, grantsOf, RESOURCES, ROLES, type RoleName } from './grants.ts';
import { FUNCTIONS, namesOf } from './names.ts';

/** `node infra/iam-table.ts [FILE]`: writes docs/iam.md from grants.ts. */

const names = namesOf('S');

const HEAD = `# What each role may do

Made from [infra/grants.ts](../infra/grants.ts) by \`node infra/iam-table.ts\`; a test compares it with the synthesised template, both ways.
No role has a managed policy, an action with a wildcard, or anything that is not here. \`S\` stands for the service.

"Everything" means that the API knows no narrower resource. Two tags decide about the rest: instances and target groups of ours carry
\`foreshard:service=S\`; a target group of yours is only ever changed once you have tagged it \`foreshard:adopted=S\`, so that a shard in shadow
can be read and nothing more.

Besides these roles: Auto Scaling's service-linked role may invoke \`${functionName('S', 'termination-policy')}\`, EventBridge
\`${functionName('S', 'instance-events')}\`. Whoever looks at the dashboard needs \`lambda:InvokeFunction\` on \`${functionName('S', 'shard-charts')}\`,
and the role that deploys needs what CloudFormation does with the template.
`;

const OTHERS: Readonly<Record<string, string>> = {
  move: 'the state machine `foreshard-S-move`',
  'hand-over': 'the state machine `foreshard-S-hand-over`',
  'activate-standby': 'the state machine `foreshard-S-activate-standby`',
  'forecast-fleet': 'the state machine `foreshard-S-forecast-fleet`',
  schedules: 'EventBridge Scheduler',
  agent:
    'the instances where the agent runs, beside what `instance` has; give both to your own launch template',
  rehearsal: 'the experiment of AWS Fault Injection Service, which is there with the prop `rehearsal` only',
  instance: `the instances of \`${names.steadyGroup}\` and \`${names.spotGroup}\`; give it to your own launch template`,
};

/** The whole document. */
export function iamTable(): string {
  return [HEAD, ...ROLES.map(section)].join('\n');
}

function section(role: RoleName): string {
  const isFunction = (FUNCTIONS as readonly string[]).includes(role);
  const whose = isFunction ? `the function \`foreshard-S-${role}\`` : OTHERS[role];
  return [
    `## ${role}`,
    `Role of ${whose}.`,
    '',
    '| may | on | why |',
    '|---|---|---|',
    ...grantsOf(role).map(row),
    '',
  ].join('\n');
}

function row({ actions, on, why }: Grant): string {
  const where = on.map((name) => (name === 'any' ? 'everything' : RESOURCES[name])).join('; ');
  return `| ${actions.map((action) => `\`${action}\``).join(' ')} | ${where} | ${why} |`;
}

if (import.meta.main) writeFileSync(process.argv[2] ?? 'docs/iam.md', iamTable());
