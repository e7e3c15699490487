import type { StartExecutionInput } from '@aws-sdk/client-sfn';
import { awsError } from './errors.ts';

/**
 * StartExecution of Standard machines (step-functions/latest/apireference/API_StartExecution): the same name and input
 * while it runs is the same execution; the same name with other input is `ExecutionAlreadyExists`. Runs nothing.
 */
export class SfnModel {
  /** Input by machine and name, in order. */
  readonly started = new Map<string, string>();

  readonly api = {
    StartExecution: ({ stateMachineArn, name, input = '{}' }: StartExecutionInput) => {
      const executionArn = `${stateMachineArn?.replace(':stateMachine:', ':execution:')}:${name}`;
      const there = this.started.get(executionArn);
      if (there !== undefined && there !== input)
        throw awsError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
      this.started.set(executionArn, input);
      return { executionArn };
    },
  };
}
