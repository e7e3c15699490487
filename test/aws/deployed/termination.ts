import { expect, it } from 'vitest';
import { namesOf } from '../../../infra/names.ts';
import { ACCOUNT, REGION } from '../servers.ts';
import type { World } from '../world.ts';

/** Auto Scaling asks which instances it may end; moto never does, so the question is put here, as AWS documents it. */
async function ask(world: World, instances: readonly string[]): Promise<unknown> {
  const name = namesOf(world.service).steadyGroup;
  return world.invoke('termination-policy', {
    AutoScalingGroupARN: `arn:aws:autoscaling:${REGION}:${ACCOUNT}:autoScalingGroup:d4738357:autoScalingGroupName/${name}`,
    AutoScalingGroupName: name,
    CapacityToTerminate: [{ AvailabilityZone: `${REGION}a`, Capacity: 2, InstanceMarketOption: 'on-demand' }],
    Instances: instances.map((InstanceId) => ({
      AvailabilityZone: `${REGION}a`,
      InstanceId,
      InstanceType: 'm7i.large',
      InstanceMarketOption: 'on-demand',
    })),
    Cause: 'SCALE_IN',
  });
}

export function termination(world: () => World): void {
  it('gives nothing that serves to a group that wants to end instances', async () => {
    const { steady } = await world().groups();
    const ids = steady.instances.map(({ InstanceId }) => InstanceId!);
    expect(ids).not.toEqual([]);
    expect(await ask(world(), ids)).toEqual({ InstanceIDs: [] });
  });

  it('gives what was released', async () => {
    const { table } = world();
    const { steady } = await world().groups();
    const ids = steady.instances.map(({ InstanceId }) => InstanceId!);
    const released = 'i-0123456789abcdef0';
    const intent = { to: 'warm', at: Date.now() / 1000 };
    await table.put({ pk: 'instance', sk: released, group: 'steady', intent });
    expect(await ask(world(), [...ids, released])).toEqual({ InstanceIDs: [released] });
    await table.delete('instance', released);
  });
}
