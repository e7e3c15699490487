import { namesOf } from '../../infra/names.ts';
import { ACCOUNT, REGION } from './servers.ts';
import type { World } from './world.ts';

/** What AWS says of instances, in the words of its documentation; moto, which has the instances, says nothing. */

const arnOf = (instance: string) => `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${instance}`;

export async function sayLaunched(world: World, group: string, instance: string): Promise<void> {
  await world.say('aws.autoscaling', 'EC2 Instance-launch Lifecycle Action', {
    LifecycleActionToken: `token-${instance}`,
    AutoScalingGroupName: group,
    LifecycleHookName: 'foreshard-launch',
    EC2InstanceId: instance,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    Origin: 'EC2',
    Destination: 'AutoScalingGroup',
  });
  await world.say('aws.autoscaling', 'EC2 Instance Launch Successful', {
    StatusCode: 'InProgress',
    Description: `Launching a new EC2 instance: ${instance}`,
    AutoScalingGroupName: group,
    ActivityId: `activity-${instance}`,
    Details: { 'Availability Zone': `${REGION}a`, 'Subnet ID': 'subnet-12345678' },
    RequestId: `request-${instance}`,
    StatusMessage: '',
    EndTime: new Date().toISOString(),
    EC2InstanceId: instance,
    StartTime: new Date().toISOString(),
    Cause: 'a user request explicitly set group desired capacity',
    Origin: 'EC2',
    Destination: 'AutoScalingGroup',
  });
}

export async function sayTerminated(world: World, instance: string): Promise<void> {
  await world.say(
    'aws.ec2',
    'EC2 Instance State-change Notification',
    { 'instance-id': instance, state: 'terminated' },
    [arnOf(instance)],
  );
}

export async function sayInterrupted(world: World, instance: string): Promise<void> {
  await world.say(
    'aws.ec2',
    'EC2 Spot Instance Interruption Warning',
    { 'instance-id': instance, 'instance-action': 'terminate' },
    [arnOf(instance)],
  );
}

export async function sayRebalance(world: World, instance: string): Promise<void> {
  await world.say('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': instance }, [
    arnOf(instance),
  ]);
}

/** Says of each instance in the groups that it was launched; once. */
export function announcer(world: World): () => Promise<void> {
  const said = new Set<string>();
  const { steadyGroup, spotGroup } = namesOf(world.service);
  return async () => {
    const { steady, spot } = await world.groups();
    for (const [group, instances] of [
      [steadyGroup, steady.instances],
      [spotGroup, spot.instances],
    ] as const)
      for (const { InstanceId: id } of instances) {
        if (id === undefined || said.has(id)) continue;
        said.add(id);
        await sayLaunched(world, group, id);
      }
  };
}
