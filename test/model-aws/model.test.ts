import {
  CompleteLifecycleActionCommand,
  DescribeAutoScalingInstancesCommand,
  EnterStandbyCommand,
  PutWarmPoolCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateRuleCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { AwsEvent } from './events.ts';
import type { GroupOptions } from './group.ts';
import { AwsModel, type ModelOptions } from './model.ts';

const hook = { name: 'launch', timeout: 100, otherwise: 'ABANDON' } as const;

function modelOf(group: Partial<GroupOptions> = {}, options: Partial<ModelOptions> = {}) {
  const clock = new VirtualClock(0);
  const aws = new AwsModel({ clock, groups: [{ name: 'g', max: 10, ...group }], ...options });
  const send = (command: unknown) => clock.settle(aws.client().send(command));
  const desired = (DesiredCapacity: number) =>
    send(new SetDesiredCapacityCommand({ AutoScalingGroupName: 'g', DesiredCapacity }));
  const states = () => [...aws.autoScaling.group('g').members.values()].map(({ lifecycle }) => lifecycle);
  const ids = () => [...aws.autoScaling.group('g').members.keys()];
  const events: AwsEvent[] = [];
  aws.listen((event) => events.push(event));
  return { aws, clock, send, desired, states, ids, events };
}

describe('hooks', () => {
  it('hold a launch until it is completed, with the result or the default', async () => {
    const { send, desired, states, clock, ids } = modelOf({ launchHook: hook }, { completes: () => false });
    await desired(2);
    await clock.runUntil(90);
    expect(states()).toEqual(['Pending:Wait', 'Pending:Wait']);
    const complete = (InstanceId: string, LifecycleHookName = 'launch') =>
      send(
        new CompleteLifecycleActionCommand({
          AutoScalingGroupName: 'g',
          InstanceId,
          LifecycleHookName,
          LifecycleActionResult: 'CONTINUE',
        }),
      );
    const [first = '', second = ''] = ids();
    await expect(complete(first, 'other')).rejects.toThrow('No active Lifecycle Action');
    await complete(first);
    expect(states()).toEqual(['InService', 'Pending:Wait']);
    await expect(complete(first)).rejects.toThrow('No active Lifecycle Action');
    // The second one is abandoned, ended, and replaced.
    await clock.runUntil(140);
    expect(states()).toEqual(['InService', 'Pending:Wait']);
    expect(ids()).not.toContain(second);
  });

  it('fire entering the warm pool, leaving it, and on the way back', async () => {
    const terminateHook = { ...hook, name: 'terminate', otherwise: 'CONTINUE' } as const;
    const model = modelOf({ launchHook: hook, terminateHook, warmPool: { prepared: 1 }, protectNew: false });
    await model.clock.runUntil(200);
    await model.desired(1);
    await model.clock.runUntil(300);
    await model.desired(0);
    await model.clock.runUntil(600);
    expect(model.states()).toEqual(['Warmed:Stopped']);
    const actions = model.events.filter((event) => event['detail-type'].includes('Lifecycle Action'));
    expect(
      actions.map(({ detail }) => `${detail.LifecycleHookName}: ${detail.Origin} to ${detail.Destination}`),
    ).toEqual([
      'launch: EC2 to WarmPool',
      'launch: WarmPool to AutoScalingGroup',
      'terminate: AutoScalingGroup to WarmPool',
    ]);
  });
});

describe('groups', () => {
  it('end only what is unprotected, and of the zone that has most', async () => {
    const offered: string[][] = [];
    const policy = async (ids: readonly string[]) => {
      offered.push([...ids]);
      return [];
    };
    const { aws, desired, clock, ids } = modelOf({ policy });
    for (let i = 0; i < 4; i++) aws.autoScaling.seed(aws.autoScaling.group('g'));
    const [first = '', , third = '', fourth = ''] = ids();
    for (const id of [first, third, fourth]) aws.autoScaling.group('g').members.get(id)!.isProtected = false;
    await desired(3);
    await clock.runUntil(70);
    // Zones a, b, c, a; asked again after a minute.
    expect(offered).toEqual([
      [first, fourth],
      [first, fourth],
    ]);
  });

  it('replace what was ended or stopped by hand, but look at nothing on standby', async () => {
    const { aws, send, clock, states, ids } = modelOf();
    const group = aws.autoScaling.group('g');
    for (let i = 0; i < 3; i++) aws.autoScaling.seed(group);
    const [first = '', second = '', third = ''] = ids();
    await send(
      new EnterStandbyCommand({
        AutoScalingGroupName: 'g',
        InstanceIds: [first],
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    await clock.runUntil(10);
    await send(new StopInstancesCommand({ InstanceIds: [first, second] }));
    aws.ec2.terminate(third);
    await clock.runUntil(200);
    expect(states()).toEqual(['Standby', 'InService', 'InService']);
    expect(ids()).toContain(first);
    expect(ids()).not.toContain(second);
  });

  it('refuse what AWS refuses', async () => {
    const { aws, send, desired } = modelOf({ min: 1, max: 2, warmPool: { prepared: 2 } });
    await expect(desired(3)).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(send(new PutWarmPoolCommand({ AutoScalingGroupName: 'x' }))).rejects.toThrow('not found');
    const warm = aws.autoScaling.seed(aws.autoScaling.group('g'), 'Warmed:Stopped');
    const end = (InstanceId: string) =>
      send(
        new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: true }),
      );
    await expect(end(warm.id)).rejects.toThrow('warm pool');
    await expect(end('i-x')).rejects.toThrow('Instance Id not found');
  });

  it('are listed by pages', async () => {
    const { aws, send } = modelOf();
    for (let i = 0; i < 60; i++) aws.autoScaling.seed(aws.autoScaling.group('g'));
    const first = await send(new DescribeAutoScalingInstancesCommand({}));
    const second = await send(new DescribeAutoScalingInstancesCommand({ NextToken: first.NextToken }));
    expect([first, second].map(({ AutoScalingInstances }) => AutoScalingInstances.length)).toEqual([50, 10]);
    expect(second.NextToken).toBeUndefined();
  });
});

describe('target groups', () => {
  it('are in use by rules only, and cannot go while they are', async () => {
    const { aws, send } = modelOf();
    const { listener, loadBalancer } = aws.elb.addLoadBalancer('alb');
    const { arn } = aws.elb.addTargetGroup('web');
    const { id } = aws.autoScaling.seed(aws.autoScaling.group('g'));
    const health = () =>
      send(new DescribeTargetHealthCommand({ TargetGroupArn: arn, Targets: [{ Id: id, Port: 80 }] }));
    aws.elb.targets.register(aws.elb.targets.group(arn), id, 80);
    expect((await health()).TargetHealthDescriptions[0].TargetHealth.Reason).toBe('Target.NotInUse');
    const rule = new CreateRuleCommand({
      ListenerArn: listener,
      Priority: 1,
      Conditions: [],
      Actions: [{ Type: 'forward', TargetGroupArn: arn }],
    });
    await send(rule);
    expect((await health()).TargetHealthDescriptions[0].TargetHealth.State).toBe('initial');
    await expect(send(rule)).rejects.toMatchObject({ name: 'PriorityInUseException' });
    await expect(send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))).rejects.toMatchObject({
      name: 'ResourceInUseException',
    });
    const { TargetGroups } = await send(new DescribeTargetGroupsCommand({ LoadBalancerArn: loadBalancer }));
    expect(TargetGroups).toHaveLength(1);
  });
});

describe('buckets', () => {
  it('hold what AWS documents, refill by the second, and each service says it in its words', async () => {
    const { aws, clock } = modelOf({}, { buckets: true });
    const { arn } = aws.elb.addTargetGroup('web');
    const tries = async (command: unknown, count: number) => {
      const all = await Promise.allSettled(Array.from({ length: count }, () => aws.client().send(command)));
      const failed = all.filter((one) => one.status === 'rejected');
      return [count - failed.length, ...new Set(failed.map(({ reason }) => reason.name))];
    };
    const look = new DescribeTargetHealthCommand({ TargetGroupArn: arn });
    expect(await tries(look, 60)).toEqual([40, 'ThrottlingException']);
    await clock.runUntil(2);
    expect(await tries(look, 60)).toEqual([20, 'ThrottlingException']);
    expect(await tries(new DescribeInstancesCommand({}), 150)).toEqual([100, 'RequestLimitExceeded']);
    const start = (i: number) =>
      new StartExecutionCommand({ stateMachineArn: 'm', name: `${i}`, input: '{}' });
    const started = await Promise.allSettled(
      Array.from({ length: 1400 }, (_, i) => aws.client().send(start(i))),
    );
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(1300);
    expect(aws.throttled.get('StartExecution')).toBe(100);
  });

  it('take their time, and every call is counted', async () => {
    const { aws, clock, send } = modelOf({}, { latency: 0.02 });
    for (let i = 0; i < 5; i++) await send(new DescribeInstancesCommand({}));
    expect(clock.now()).toBeCloseTo(0.1);
    expect(aws.count('DescribeInstances')).toBe(5);
    await expect(
      send(new StartExecutionCommand({ stateMachineArn: 'm', name: 'a', input: '1' })),
    ).resolves.toBeDefined();
    await expect(
      send(new StartExecutionCommand({ stateMachineArn: 'm', name: 'a', input: '2' })),
    ).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
    await expect(send({ constructor: { name: 'NoSuchCommand' }, input: {} })).rejects.toThrow(
      'does not know NoSuch',
    );
  });
});
