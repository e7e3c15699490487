import { createHash } from 'node:crypto';
import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Workflows } from '../../core/ports.ts';

export type Flow = Parameters<Workflows['start']>[0];

const LONGEST_NAME = 80;

/** {@link Workflows} on Step Functions. The name of an execution is its key: it runs once in 90 days. */
export class StepWorkflows implements Workflows {
  readonly #client: Pick<SFNClient, 'send'>;
  readonly #machines: Readonly<Partial<Record<Flow, string>>>;

  /** @param machines ARNs; a function has those that it starts */
  constructor(client: Pick<SFNClient, 'send'>, machines: Readonly<Partial<Record<Flow, string>>>) {
    this.#client = client;
    this.#machines = machines;
  }

  async start(flow: Flow, name: string, input: unknown): Promise<void> {
    const stateMachineArn = this.#machines[flow];
    if (stateMachineArn === undefined)
      throw new RangeError(
        `flow ${flow}: expected one of ${Object.keys(this.#machines).join(', ') || 'none'} here`,
      );
    try {
      await this.#client.send(
        new StartExecutionCommand({
          stateMachineArn,
          name: executionName(name),
          input: JSON.stringify(input),
        }),
      );
    } catch (error) {
      // It runs or has run: as good as started.
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  }
}

/**
 * A name as Step Functions and its logs take it: letters, digits, `-` and `_`, at most 80. One that had to be changed
 * ends in a hash of what it was, so that two names stay two.
 */
export function executionName(name: string): string {
  const allowed = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-');
  if (allowed === name && name.length <= LONGEST_NAME && name !== '') return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${allowed.slice(0, LONGEST_NAME - hash.length - 1)}-${hash}`;
}
