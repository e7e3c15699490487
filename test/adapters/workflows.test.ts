import { ExecutionAlreadyExists, type StartExecutionCommand } from '@aws-sdk/client-sfn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executionName, StepWorkflows } from '../../adapters/aws/workflows.ts';

function stage(fails?: Error) {
  const started: StartExecutionCommand['input'][] = [];
  const send = async ({ input }: StartExecutionCommand) => {
    if (fails) throw fails;
    started.push(input);
  };
  return { started, workflows: new StepWorkflows({ send } as never, { move: 'arn:move' }) };
}

describe('StepWorkflows', () => {
  it('starts an execution of the flow’s machine under the name', async () => {
    const { started, workflows } = stage();
    await workflows.start('move', '1700000000/i-1:8080', { version: 1 });
    expect(started).toEqual([
      {
        stateMachineArn: 'arn:move',
        name: expect.stringMatching(/^1700000000-i-1-8080-[0-9a-f]{12}$/),
        input: '{"version":1}',
      },
    ]);
  });

  it('takes one that exists for started, and nothing else', async () => {
    const exists = new ExecutionAlreadyExists({ message: 'there', $metadata: {} });
    await expect(stage(exists).workflows.start('move', 'a', {})).resolves.toBeUndefined();
    await expect(stage(new Error('no')).workflows.start('move', 'a', {})).rejects.toThrow('no');
  });

  it('names a flow that has no machine here', async () => {
    await expect(stage().workflows.start('hand-over', 'a', {})).rejects.toThrow(
      'flow hand-over: expected one of move here',
    );
  });
});

describe('names of executions', () => {
  it('stay as they are where they may', () => {
    for (const name of ['a', 'move-1_B', 'x'.repeat(80)]) expect(executionName(name)).toBe(name);
  });

  it('are allowed, and two stay two', () => {
    const name = fc.oneof(fc.string({ maxLength: 120 }), fc.stringMatching(/^[ab/:-]{0,3}$/));
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(executionName(a)).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
        expect(executionName(a) === executionName(b)).toBe(a === b);
      }),
      { numRuns: 500, seed: 3 },
    );
    expect(executionName(`${'x'.repeat(90)}a`)).not.toBe(executionName(`${'x'.repeat(90)}b`));
  });
});
