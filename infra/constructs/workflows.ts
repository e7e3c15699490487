import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Aws, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { machineName } from '../../lambdas/environment.ts';
import type { Arns } from '../arns.ts';
import { FLOWS, type Flow, FUNCTIONS } from '../names.ts';
import { roleOf } from '../roles.ts';

export interface WorkflowsProps {
  readonly service: string;
  readonly arns: Arns;
  readonly retention: RetentionDays;
}

const FOLDER = join(import.meta.dirname, '../../statemachines');

const pascal = (name: string) => name.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());

/** The state machines, from the files in statemachines/. */
export class Workflows extends Construct {
  readonly machines: ReadonlyMap<Flow, StateMachine>;

  constructor(scope: Construct, id: string, props: WorkflowsProps) {
    super(scope, id);
    const there = FLOWS.filter((flow) => existsSync(fileOf(flow)));
    // TODO: an error once all are there.
    for (const flow of FLOWS)
      if (!there.includes(flow)) console.error(`WARNING: ${fileOf(flow)} is missing: left out`);
    this.machines = new Map(there.map((flow) => [flow, this.#machine(flow, props)]));
  }

  #machine(flow: Flow, { service, arns, retention }: WorkflowsProps): StateMachine {
    const definition = substitute(readFileSync(fileOf(flow), 'utf8'), flow, arns);
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

const fileOf = (flow: Flow) => join(FOLDER, `${flow}.asl.json`);

/**
 * The definition with ARNs in place of its tokens.
 * @throws {RangeError} that names a token nobody gives a value.
 */
function substitute(text: string, flow: Flow, arns: Arns): string {
  const values = new Map([
    ['Partition', Aws.PARTITION],
    ...FUNCTIONS.map((name) => [`${pascal(name)}Arn`, arns.function(name)] as const),
  ]);
  return text.replace(/\$\{(\w+)\}/g, (_, token: string) => {
    const value = values.get(token);
    if (value === undefined) throw new RangeError(`${flow}.asl.json: expected a known token, got ${token}`);
    return value;
  });
}
