import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readContext } from '../../infra/context.ts';
import { grantsOf, type RoleName } from '../../infra/grants.ts';
import { ForeshardStack } from '../../infra/stack.ts';
import { fleetOnX86 } from '../infra/synth.ts';

interface Statement {
  readonly Action: string | readonly string[];
}

/** Actions that the synthesised template grants, by the role's name in infra/grants.ts. */
export function synthesisedActions(): ReadonlyMap<string, ReadonlySet<string>> {
  const app = new App({ context: { settings: fleetOnX86(), rehearsal: true, agent: true } });
  const { stackName, omitted: _, ...props } = readContext(app);
  const template = Template.fromStack(new ForeshardStack(app, stackName, props));
  const found = new Map<string, Set<string>>();
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::Role'))) {
    const name = /^Foreshard: (.+)$/.exec(String(Properties.Description))?.[1];
    if (name === undefined)
      throw new Error(`a role without a name: ${JSON.stringify(Properties).slice(0, 300)}`);
    const statements: Statement[] = (Properties.Policies ?? []).flatMap(
      (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
    );
    const all = statements.flatMap(({ Action }) => Action);
    // `instance and agent`: one role with the grants of both; test/infra/grants.test.ts sees that it has no more.
    const names = name.split(' and ') as RoleName[];
    for (const one of names) {
      const own = new Set(grantsOf(one).flatMap(({ actions }) => actions));
      const actions = names.length === 1 ? all : all.filter((action) => own.has(action));
      found.set(one, new Set([...(found.get(one) ?? []), ...actions]));
    }
  }
  // Roles have all that they may do in themselves (infra/roles.ts): a policy beside them would be missed here.
  const beside = Object.keys(template.findResources('AWS::IAM::Policy'));
  if (beside.length > 0) throw new Error(`policies beside the roles: ${beside.join(', ')}`);
  return found;
}
