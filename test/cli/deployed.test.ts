import { describe, expect, it } from 'vitest';
import { outputsOf } from '../../cli/deployed.ts';

const OUTPUTS = ['TableName', 'BucketName', 'BusName', 'RouteSyncFunction', 'SteadyGroup', 'SpotGroup'];

const stack = (names: readonly string[]) => ({
  send: async ({ input }: { input: { StackName: string } }) => {
    if (input.StackName !== 'Foreshard-shop')
      throw Object.assign(new Error('Stack with id x does not exist'), { name: 'ValidationError' });
    return { Stacks: [{ Outputs: names.map((name) => ({ OutputKey: name, OutputValue: `the ${name}` })) }] };
  },
});

describe('a deployed service', () => {
  it('is found by the outputs of its stack', async () => {
    const outputs = await outputsOf(stack(OUTPUTS) as never, 'shop', 'eu-west-1');
    expect(outputs).toMatchObject({ TableName: 'the TableName', SpotGroup: 'the SpotGroup' });
  });

  it('is refused in one line where it is not, or is of another version', async () => {
    await expect(outputsOf(stack(OUTPUTS) as never, 'shops', 'eu-west-1')).rejects.toThrow(
      '--service shops: no stack Foreshard-shops in eu-west-1; expected a deployed service',
    );
    await expect(outputsOf(stack(OUTPUTS.slice(2)) as never, 'shop', 'eu-west-1')).rejects.toThrow(
      'stack Foreshard-shop in eu-west-1: expected output TableName, BucketName, got none',
    );
  });
});
