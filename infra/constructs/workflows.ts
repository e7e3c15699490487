import { Aws, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { machineName } from '../../lambdas/environment.ts';
import { MACHINES, type MachineName, machineText, substitutions } from '../../statemachines/machines.ts';
import type { Arns } from '../arns.ts';
import { roleOf } from '../roles.ts';

export interface WorkflowsProps {
  readonly service: string;
  readonly arns: Arns;
  readonly retention: RetentionDays;
}

/** The state machines, from the files in statemachines/. */
export class Workflows extends Construct {
  readonly machines: ReadonlyMap<MachineName, StateMachine>;

  constructor(scope: Construct, id: string, props: WorkflowsProps) {
    super(scope, id);
    this.machines = new Map(MACHINES.map((flow) => [flow, this.#machine(flow, props)]));
  }

  #machine(flow: MachineName, { service, arns, retention }: WorkflowsProps): StateMachine {
    const values = substitutions(flow, (name) => arns.function(name), Aws.PARTITION);
    const definition = definitionOf(machineText(flow), values);
    const machine = new StateMachine(this, flow, {
      stateMachineName: machineName(service, flow),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(definition),
      role: roleOf(this, `${flow}-role`, flow, arns, 'states.amazonaws.com').withoutPolicyUpdates(),
      tracingEnabled: true,
      logs: {
        level: LogLevel.ERROR,
        includeExecutionData: false,
        destination: new LogGroup(this, `${flow}-log`, {
          logGroupName: `/aws/vendedlogs/states/${machineName(service, flow)}`,
          retention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    });
    Validations.of(machine).acknowledge({
      id: 'AwsSolutions-SF1',
      reason:
        'Step Functions keeps the whole history of each execution for 90 days; logging it a second time would cost as much as the moves. Errors are logged.',
    });
    return machine;
  }
}

const TOKEN = /\$\{(\w+)\}/g;

/**
 * The definition with ARNs in place of its tokens.
 * @throws {RangeError} that names a token which the file has and nobody gives a value, or the other way round.
 */
export function definitionOf(text: string, values: Readonly<Record<string, string>>): string {
  const given = Object.keys(values);
  const found = [...new Set([...text.matchAll(TOKEN)].map(([, token]) => token!))];
  const odd = [
    ...found.filter((token) => !given.includes(token)),
    ...given.filter((token) => !found.includes(token)),
  ];
  if (odd.length > 0)
    throw new RangeError(`tokens: expected ${given.join(', ')} and no other, got ${found.join(', ')}`);
  return text.replace(TOKEN, (_, token: string) => values[token]!);
}
