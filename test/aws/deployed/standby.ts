import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { settled } from './guarantees.ts';
import { UNTOLD } from './load.ts';

export function standby(world: () => World): void {
  let instance: string;

  it('keeps an instance of a cold standby shard stopped, outside its group’s size', async () => {
    instance = await eventually(
      'a stopped instance in standby',
      async () => {
        await world().tick();
        const { steady } = await world().groups();
        const [found] = steady.instances.filter(({ LifecycleState }) => LifecycleState === 'Standby');
        if (found?.InstanceId === undefined) return undefined;
        const { Reservations } = await world().fleet.ec2.send(
          new DescribeInstancesCommand({ InstanceIds: [found.InstanceId] }),
        );
        return Reservations?.[0]?.Instances?.[0]?.State?.Name === 'stopped' && found.InstanceId;
      },
      180,
    );
    const item = await world().table.get('instance', instance);
    expect(item).toMatchObject({ standbyOf: 'night' });
  }, 190_000);

  it('wakes it when its load comes', async () => {
    await eventually(
      'a slice of night',
      async () => {
        await world().measure('night', 60, UNTOLD);
        await world().tick();
        return settled(world(), 'night', 1);
      },
      180,
    );
    // A slice of the ready pool may have been faster; the standby instance is up all the same.
    const executions = await eventually('activate-standby has ended', async () => {
      const all = await world().executions('activate-standby');
      return all.every(({ status }) => status !== 'RUNNING') && all;
    });
    expect(executions.map(({ status }) => status)).toEqual(['SUCCEEDED']);
    expect(await world().published('StandbyActivated')).toEqual([expect.objectContaining({ instance })]);
    const { steady } = await world().groups();
    const woken = steady.instances.find(({ InstanceId }) => InstanceId === instance);
    expect(woken?.LifecycleState).toBe('InService');
  }, 190_000);
}
