import { beforeEach, describe, expect, it } from 'vitest';
import { PK } from '../../adapters/aws/table.ts';
import { askedSchema } from '../../lambdas/termination-policy/choose.ts';
import { handler } from '../../lambdas/termination-policy/handler.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { working } from './working.ts';

let table: MemoryTable;
beforeEach(() => {
  table = new MemoryTable();
});

const put = (sk: string, more: object) => table.put({ pk: PK.instance, sk, group: 'steady', ...more });
const released = (to: string) => ({ intent: { to, at: 1 }, outAt: 2 });
type Three = readonly [string, string, string];

/** The shape of the example in AWS's User Guide. */
const asked = (capacity: readonly (readonly [string, number, string])[], offered: readonly Three[]) => ({
  AutoScalingGroupARN:
    'arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:d4738357:autoScalingGroupName/x',
  AutoScalingGroupName: 'foreshard-shop-steady',
  CapacityToTerminate: capacity.map(([AvailabilityZone, Capacity, InstanceMarketOption]) => ({
    AvailabilityZone,
    Capacity,
    InstanceMarketOption,
  })),
  Instances: offered.map(([InstanceId, AvailabilityZone, InstanceMarketOption]) => ({
    AvailabilityZone,
    InstanceId,
    InstanceType: 't2.nano',
    InstanceMarketOption,
  })),
  Cause: 'SCALE_IN',
});

const answer = async (event: object) =>
  (await handler.work(askedSchema.parse(event), working(table))).InstanceIDs;

describe('the termination policy', () => {
  it('names nothing that was not released, whatever the group wants to end', async () => {
    await put('i-1', {});
    await put('i-2', { intent: { to: 'warm', at: 1 } });
    await put('i-3', released('standby'));
    const offered = ['i-1', 'i-2', 'i-3', 'i-4'].map((id): Three => [id, 'a', 'on-demand']);
    expect(await answer(asked([['a', 4, 'on-demand']], offered))).toEqual([]);
  });

  it('names released ones, at most as many as asked for in each zone and market', async () => {
    for (const id of ['i-1', 'i-2', 'i-3']) await put(id, released('warm'));
    await put('i-4', released('retired'));
    const event = asked(
      [
        ['a', 1, 'on-demand'],
        ['b', 2, 'on-demand'],
      ],
      [
        ['i-1', 'a', 'on-demand'],
        ['i-2', 'a', 'on-demand'],
        ['i-3', 'b', 'on-demand'],
        ['i-4', 'b', 'spot'],
      ],
    );
    expect(await answer(event)).toEqual(['i-1', 'i-3']);
    expect(await answer(event)).toEqual(['i-1', 'i-3']);
  });

  it('names a released one of the group where only others were offered', async () => {
    await put('i-9', released('warm'));
    await put('i-8', { ...released('warm'), group: 'spot' });
    const offered: Three[] = [['i-1', 'a', 'on-demand']];
    expect(await answer(asked([['a', 1, 'on-demand']], offered))).toEqual(['i-9']);
    expect(await answer(asked([['a', 0, 'on-demand']], offered))).toEqual([]);
  });

  it('answers a question without capacity or instances', async () => {
    expect(await answer({ AutoScalingGroupName: 'foreshard-shop-spot' })).toEqual([]);
  });
});
