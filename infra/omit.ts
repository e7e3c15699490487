import { Aspects, CfnOutput, CfnResource, type IAspect, Reference, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Leaves out resources of some types, for an AWS-compatible server that does not know them: the one switch for that,
 * context `omit=AWS::X::Y,AWS::X::Z`. What waited for such a resource no longer waits, and an output of its
 * value goes too; another resource that needs its value keeps the reference, and fails.
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
    if (node instanceof CfnOutput && this.#tells(node)) remove(node);
    if (!(node instanceof CfnResource)) return;
    if (this.#types.has(node.cfnResourceType)) remove(node);
    else
      for (const other of node.obtainDependencies())
        if (other instanceof CfnResource && this.#types.has(other.cfnResourceType))
          node.removeDependency(other);
  }

  /** Whether the output's value is one of a resource that is left out. */
  #tells({ value }: CfnOutput): boolean {
    return Tokenization.reverseString(value).tokens.some(
      (token) =>
        Reference.isReference(token) &&
        token.target instanceof CfnResource &&
        this.#types.has(token.target.cfnResourceType),
    );
  }
}

const remove = ({ node }: IConstruct): void => void node.scope?.node.tryRemoveChild(node.id);
