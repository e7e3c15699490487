import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundles } from '../../infra/bundle.ts';
import { grantsOf, ROLES, type RoleName } from '../../infra/grants.ts';
import { fleetOnX86, synthesise } from './synth.ts';

/** With all that is an option. */
const template = synthesise({ settings: fleetOnX86(), rehearsal: 'true', agent: 'true' });

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What a role is for: `Foreshard: instance and agent` has the grants of both. */
const namesOf = (description: unknown) =>
  String(description).replace('Foreshard: ', '').split(' and ') as RoleName[];
const isOf = (role: RoleName) => [...roles.keys()].find((names) => names.includes(role))!;

/** Every role of the template with the actions that it is allowed, by what it is for. */
const roles = new Map(
  Object.values(template.of('AWS::IAM::Role')).map(({ Properties }) => [
    namesOf(Properties.Description),
    Properties.Policies.flatMap(
      (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
    ) as Statement[],
  ]),
);
const actionsOf = (statements: readonly Statement[]) =>
  [...new Set(statements.flatMap(({ Action }) => Action))].sort();

const PREFIXES: Readonly<Record<string, string>> = {
  'auto-scaling': 'autoscaling',
  cloudwatch: 'cloudwatch',
  'cloudwatch-logs': 'logs',
  dynamodb: 'dynamodb',
  ec2: 'ec2',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  eventbridge: 'events',
  lambda: 'lambda',
  s3: 's3',
  sfn: 'states',
  ssm: 'ssm',
};

/** Actions of the commands that the sources of a bundle make. */
function commandsIn(sources: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const source of sources) {
    const text = readFileSync(source, 'utf8');
    for (const [, names, client] of text.matchAll(
      /import\s+\{([^}]*)\}\s+from\s+'@aws-sdk\/client-([\w-]+)'/g,
    ))
      for (const [, name] of names!.matchAll(/\b(\w+)Command\b/g))
        found.add(`${PREFIXES[client!]}:${name === 'Invoke' ? 'InvokeFunction' : name}`);
  }
  return found;
}

/** Granted to what no command names: Lambda itself, or a part of another call. */
const WITHOUT_COMMAND =
  /^(xray:|logs:(CreateLogStream|PutLogEvents)|sqs:SendMessage|s3:ListBucket|elasticloadbalancing:AddTags|ec2:CreateFleet|ec2:DescribeLaunchTemplateVersions)/;

describe('grants', () => {
  it.each([...bundles()])('of %s are on calls that its code makes', (name, { sources }) => {
    const made = commandsIn(sources);
    const granted = grantsOf(name).flatMap(({ actions }) => actions);
    expect(granted.filter((action) => !WITHOUT_COMMAND.test(action) && !made.has(action))).toEqual([]);
  });
});

describe('policies of the template', () => {
  it('are of the roles that grants.ts has', () => {
    expect([...roles.keys()].flat().sort()).toEqual([...ROLES].sort());
  });

  it.each(ROLES)('%s may do what grants.ts says, and nothing else', (role) => {
    const names = isOf(role);
    const wanted = [...new Set(names.flatMap(grantsOf).flatMap(({ actions }) => actions))].sort();
    expect(actionsOf(roles.get(names)!)).toEqual(wanted);
  });

  it('are nowhere else', () => {
    for (const type of ['Policy', 'ManagedPolicy', 'UserPolicy', 'RolePolicy', 'User'])
      expect(template.of(`AWS::IAM::${type}`)).toEqual({});
    for (const { Properties } of Object.values(template.of('AWS::IAM::Role')))
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('name no action by a wildcard', () => {
    for (const role of ROLES)
      for (const { actions } of grantsOf(role))
        for (const action of actions) expect(action).not.toContain('*');
  });

  it('are on everything only where the API has nothing narrower, and say so', () => {
    for (const role of ROLES)
      for (const { on, why } of grantsOf(role))
        if (on.includes('any')) expect(why).toMatch(/narrower resource|agent says/);
  });

  it('let instances be stopped, started, ended and commanded by the service’s tag alone', () => {
    for (const [role, statements] of roles)
      for (const { Action, Resource, Condition } of statements)
        if (JSON.stringify(Resource).includes(':instance/*'))
          expect([role, Action, Condition]).toEqual([
            role,
            Action,
            { StringEquals: { 'aws:ResourceTag/foreshard:service': 'demo' } },
          ]);
  });

  it('let target groups be made and changed by the service’s tag alone', () => {
    const conditions = (action: string) =>
      [...roles.values()]
        .flat()
        .flatMap(({ Action, Resource, Condition }) =>
          [Action].flat().includes(action) && JSON.stringify(Resource).includes(':targetgroup/')
            ? [Condition]
            : [],
        );
    const when = (tests: Record<string, string>) => ({ StringEquals: tests });
    const [ours, adopted] = ['service', 'adopted'].map((tag) =>
      when({ [`aws:ResourceTag/foreshard:${tag}`]: 'demo' }),
    );
    for (const change of ['ModifyTargetGroup', 'ModifyTargetGroupAttributes', 'DeleteTargetGroup'])
      expect(conditions(`elasticloadbalancing:${change}`)).toEqual([ours]);
    for (const change of ['RegisterTargets', 'DeregisterTargets'])
      for (const condition of conditions(`elasticloadbalancing:${change}`))
        expect([ours, adopted]).toContainEqual(condition);
    expect(conditions('elasticloadbalancing:CreateTargetGroup')).toEqual([
      when({ 'aws:RequestTag/foreshard:service': 'demo' }),
    ]);
  });

  it('let no rule of others on a shared listener be removed', () => {
    const removing = [...roles.values()]
      .flat()
      .filter(({ Action }) => [Action].flat().some((one) => one.endsWith(':DeleteRule')));
    expect(removing.map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { 'aws:ResourceTag/foreshard:service': 'demo' } },
    ]);
  });

  it('let nothing be tagged that is there already: whatever has the tag may be deleted', () => {
    const tagging = [...roles.values()]
      .flat()
      .filter(({ Action }) => [Action].flat().some((one) => one.endsWith(':AddTags')));
    expect(tagging.map(({ Action, Condition }) => [Action, Condition])).toEqual(
      ['CreateTargetGroup', 'CreateRule'].map((action) => [
        'elasticloadbalancing:AddTags',
        {
          StringEquals: {
            'elasticloadbalancing:CreateAction': action,
            'aws:RequestTag/foreshard:service': 'demo',
          },
        },
      ]),
    );
  });

  it('fit into what IAM takes for a role: 10,240 characters', () => {
    for (const { Properties } of Object.values(template.of('AWS::IAM::Role')))
      expect(JSON.stringify(Properties.Policies).length).toBeLessThan(10_240);
  });
});
