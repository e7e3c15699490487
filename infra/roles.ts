import { Stack, Validations } from 'aws-cdk-lib';
import {
  Effect,
  type IPrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Arns } from './arns.ts';
import { grantsOf, type RoleName } from './grants.ts';

/**
 * A role that may do what grants.ts says and nothing else: constructs that would add to it are held off. Its policy
 * is part of the role, so that whatever waits for the role has its permissions too.
 * @param also other names of grants.ts whose grants the same role has
 */
export function roleOf(
  scope: Construct,
  id: string,
  name: RoleName,
  arns: Arns,
  principal: string | IPrincipal,
  also: readonly RoleName[] = [],
): Role {
  const names = [name, ...also];
  const grants = names.flatMap(grantsOf);
  const statements = grants.flatMap(({ actions, on }) =>
    on.map((resource) => {
      const { arns: resources, conditions } = arns.of(resource, name);
      return new PolicyStatement({
        effect: Effect.ALLOW,
        actions: [...actions],
        resources: [...resources],
        ...(conditions && { conditions }),
      });
    }),
  );
  const role = new Role(scope, id, {
    assumedBy: typeof principal === 'string' ? new ServicePrincipal(principal) : principal,
    description: `Foreshard: ${names.join(' and ')}`,
    inlinePolicies: { grants: new PolicyDocument({ statements, minimize: true }) },
  });
  for (const [id, reason] of wildcards(scope, names, arns)) Validations.of(role).acknowledge({ id, reason });
  return role;
}

/** cdk-nag's name of each broad resource that a role is granted, with the reasons that grants.ts gives. */
function wildcards(scope: Construct, names: readonly RoleName[], arns: Arns): Map<string, string> {
  const found = new Map<string, string[]>();
  for (const { actions, on, why } of names.flatMap(grantsOf)) {
    for (const arn of on.flatMap((resource) => arns.of(resource, names[0]!).arns)) {
      const flat = flatten(Stack.of(scope).resolve(arn));
      if (!flat.includes('*')) continue;
      const id = `AwsSolutions-IAM5[Resource::${flat}]`;
      found.set(id, [...(found.get(id) ?? []), `${actions.join(', ')}: ${why}`]);
    }
  }
  return new Map([...found].map(([id, reasons]) => [id, reasons.join('; ')]));
}

/** An ARN as cdk-nag writes it: `<AWS::Region>` for what is known at deploy only. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::Join': join, 'Fn::GetAtt': getAtt, ...rest } = value as Readonly<Record<string, unknown>>;
  if (typeof Ref === 'string') return `<${Ref}>`;
  if (Array.isArray(getAtt)) return `<${getAtt.join('.')}>`;
  if (Array.isArray(join)) return (join[1] as readonly unknown[]).map(flatten).join(String(join[0]));
  return JSON.stringify(rest);
}
