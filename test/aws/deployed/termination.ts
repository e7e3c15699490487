import { expect, it } from 'vitest';
import { namesOf } from '../../../infra/names.ts';
import { ACCOUNT, REGION } from '../servers.ts';
import type { World } from '../world.ts';

/** Auto Scaling asks which instances it may end; moto never does, so the question is put here, as AWS documents it. */
async function ask(world: World, instances: readonly string[]): Promise<string[]> {
  const name = namesOf(world.service).steadyGroup;
  const answer = await world.invoke('termination-policy', {
    AutoScalingGroupARN: `arn:aws:autoscaling:${REGION}:${ACCOUNT}:autoScalingGroup:d4738357:autoScalingGroupName/${name}`,
    AutoScalingGroupName: name,
    CapacityToTerminate: [
      { AvailabilityZone: `${REGION}a`, Capacity: 50, InstanceMarketOption: 'on-demand' },
    ],
    Instances: instances.map((InstanceId) => ({
      AvailabilityZone: `${REGION}a`,
      InstanceId,
      InstanceType: 'm7i.large',
      InstanceMarketOption: 'on-demand',
    })),
    Cause: 'SCALE_IN',
  });
  return (answer as { InstanceIDs: string[] }).InstanceIDs;
}

export function termination(world: () => World): void {
  it('gives nothing that serves to a group that wants to end instances', async () => {
    const { steady } = await world().groups();
    const given = await ask(
      world(),
      steady.instances.map(({ InstanceId }) => InstanceId!),
    );
    const slices = await world().items('slice');
    const serves = slices.filter(({ placement }) => (placement as { kind: string }).kind === 'active');
    expect(serves.length).toBeGreaterThan(2);
    expect(serves.filter(({ sk }) => given.includes(sk.split(':')[0]!))).toEqual([]);
  });

  it('gives what was released', async () => {
    const { table } = world();
    const released = 'i-0123456789abcdef0';
    expect(await ask(world(), [released])).not.toContain(released);
    const at = Date.now() / 1000;
    const item = { pk: 'instance', sk: released, group: 'steady', intent: { to: 'warm', at } };
    await table.put(item);
    expect(await ask(world(), [released]), 'its slices may still drain').not.toContain(released);
    await table.put({ ...item, outAt: at });
    expect(await ask(world(), [released])).toContain(released);
    await table.delete('instance', released);
  });
}
