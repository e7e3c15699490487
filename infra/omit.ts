import { Aspects, CfnResource, type IAspect } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Leaves out resources of some types, for an AWS-compatible server that does not know them: the one switch for that,
 * context `omit=AWS::X::Y,AWS::X::Z`. What waited for such a resource no longer waits; what needs its value keeps the
 * reference, and fails.
 */
export function omit(scope: IConstruct, types: readonly string[]): void {
  if (types.length > 0) Aspects.of(scope).add(new Omission(new Set(types)), { priority: 900 });
}

class Omission implements IAspect {
  readonly #types: ReadonlySet<string>;

  constructor(types: ReadonlySet<string>) {
    this.#types = types;
  }

  visit(node: IConstruct): void {
    if (!(node instanceof CfnResource)) return;
    if (this.#types.has(node.cfnResourceType)) node.node.scope?.node.tryRemoveChild(node.node.id);
    else
      for (const other of node.obtainDependencies())
        if (other instanceof CfnResource && this.#types.has(other.cfnResourceType))
          node.removeDependency(other);
  }
}
