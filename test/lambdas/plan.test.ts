import { SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../core/ports.ts';
import type { Ended, MinuteResult } from '../../flows/minute.ts';
import { settingsOf } from '../world/fixtures.ts';
import { PlanStage } from './plan-stage.ts';

const round = (result: MinuteResult): Ended => {
  if (result.outcome === 'skipped') throw new Error('skipped');
  return result.rounds[0]!;
};
const failuresOf = ({ results }: PlanStage) =>
  results.flatMap((one) => (one.outcome === 'skipped' ? [] : one.failures));
const details = ({ published }: PlanStage, type: string) =>
  published.filter((one: Event) => one.type === type).map(({ detail }) => detail);

describe('plan on AWS', () => {
  it('starts a new fleet with each guarantee served, before there is any forecast', async () => {
    const stage = new PlanStage(settingsOf(['a', 'b'], { max: 10 }, { guarantee: 2 }));
    await stage.minutes(1);
    expect(stage.desired()).toBe(4);
    await stage.minutes(9);
    expect([await stage.serving('a'), await stage.serving('b')]).toEqual([2, 2]);
    expect(stage.desired()).toBe(4);
    expect(failuresOf(stage)).toEqual([]);
    expect(stage.types.filter((type) => type === 'InstanceArrived')).toHaveLength(4);
  });

  it('follows a load that rises and falls: desired capacity first, then moves', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.loads.set('a', 80);
    await stage.minutes(10);
    expect([await stage.serving('a'), stage.desired()]).toEqual([1, 1]);
    stage.loads.set('a', 380);
    await stage.minutes(1);
    expect(stage.desired()).toBe(4);
    await stage.minutes(9);
    expect(await stage.serving('a')).toBe(4);
    expect(details(stage, 'ShardScaled').at(-1)).toMatchObject({ shard: 'a', from: 1, to: 4 });
    stage.loads.set('a', 180);
    await stage.minutes(25);
    expect([await stage.serving('a'), stage.desired()]).toEqual([2, 2]);
    expect(failuresOf(stage)).toEqual([]);
    const plan = await stage.records().latestPlan();
    expect(plan).toMatchObject({ shards: [{ shard: 'a', have: 200, want: 200 }], failures: [] });
  });

  it('sends no second slice where the first is on its way, but has not claimed yet', async () => {
    const stage = new PlanStage({
      ...settingsOf(['a'], { max: 10 }),
      readyPool: { target: 4, max: 6 },
    });
    stage.loads.set('a', 80);
    await stage.minutes(10);
    expect(await stage.serving('a')).toBe(1);
    const before = stage.moves.length;
    stage.loads.set('a', 180);
    stage.coldStart = 5;
    await stage.minutes(1);
    expect(stage.moves.length - before).toBe(1);
    // As after an arrival: a plan follows within a second.
    for (let i = 0; i < 3; i++) await stage.again();
    expect(stage.moves.length - before).toBe(1);
    await stage.minutes(3);
    expect(await stage.serving('a')).toBe(2);
  });

  it('touches nothing while all shards are in shadow, and says what it would do', async () => {
    const stage = new PlanStage(settingsOf(['a', 'b'], { max: 10 }, { mode: 'shadow', guarantee: 1 }));
    stage.loads.set('a', 380);
    const before = await stage.touched();
    await stage.minutes(10);
    expect(await stage.touched()).toBe(before);
    expect(stage.started).toEqual([]);
    expect(details(stage, 'ShardScaled')).toEqual([
      { shard: 'a', from: 0, to: 4, rule: 'guarantee', mode: 'shadow' },
      { shard: 'b', from: 0, to: 1, rule: 'guarantee', mode: 'shadow' },
    ]);
    expect((await stage.records().latestPlan())?.shards[0]).toMatchObject({ have: 0, want: 400 });
    expect(stage.results.every((result) => round(result).good)).toBe(true);
  });

  it('reads in shadow what the hosts of others serve, and what it would have instead', async () => {
    const targetGroup = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0123456789abcdef';
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }, { mode: 'shadow', targetGroup }));
    stage.loads.set('a', 250);
    stage.healthy.set('a', 6);
    await stage.minutes(2);
    expect((await stage.records().latestPlan())?.shards).toMatchObject([
      { shard: 'a', mode: 'shadow', have: 600, want: 300, reason: { rule: 'release' } },
    ]);
    expect(details(stage, 'ShardScaled')).toMatchObject([
      { from: 6, to: 3, rule: 'release', mode: 'shadow' },
    ]);
  });

  it('touches nothing of one shard in shadow, beside others that are active', async () => {
    const stage = new PlanStage(settingsOf(['a', 'b'], { max: 10 }));
    stage.loads.set('a', 280);
    stage.loads.set('b', 90);
    await stage.minutes(8);
    expect([await stage.serving('a'), await stage.serving('b')]).toEqual([3, 1]);
    await stage.mode('a', 'shadow');
    stage.loads.set('a', 50);
    stage.loads.set('b', 380);
    await stage.minutes(12);
    expect([await stage.serving('a'), await stage.serving('b')]).toEqual([3, 4]);
    await stage.mode('a', 'active');
    await stage.minutes(12);
    expect(await stage.serving('a')).toBe(1);
  });

  it('in hold replaces what is lost, one for one, and does nothing else', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.loads.set('a', 280);
    await stage.minutes(8);
    await stage.mode('a', 'hold', 3);
    stage.loads.set('a', 900);
    await stage.minutes(5);
    expect([await stage.serving('a'), stage.desired()]).toEqual([3, 3]);
    const [lost] = stage.world.aws.autoScaling.group('steady').members.keys();
    stage.world.aws.ec2.terminate(lost!);
    await stage.minutes(12);
    expect([await stage.serving('a'), stage.desired()]).toEqual([3, 3]);
    stage.loads.set('a', 0);
    await stage.minutes(5);
    expect([await stage.serving('a'), stage.desired()]).toEqual([3, 3]);
  });

  it('finds an instance whose arrival nobody heard of, and one whose end nobody heard of', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.hears = false;
    stage.loads.set('a', 180);
    await stage.minutes(12);
    expect(await stage.serving('a')).toBe(2);
    const [lost] = stage.world.aws.autoScaling.group('steady').members.keys();
    stage.world.aws.ec2.terminate(lost!);
    await stage.minutes(12);
    expect(await stage.serving('a')).toBe(2);
    const drift = details(stage, 'DriftCorrected');
    expect(drift.flatMap(({ added }) => added as string[])).toHaveLength(3);
    expect(drift.flatMap(({ removed }) => removed as string[])).toEqual([`${lost}:8080`]);
    expect(details(stage, 'InstanceLost')).toMatchObject([{ instance: lost, shards: ['a'] }]);
  });

  it('retires an instance that stays unhealthy, and replaces it', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.loads.set('a', 180);
    await stage.minutes(8);
    const [sick] = stage.world.aws.autoScaling.group('steady').members.keys();
    stage.world.aws.elb.sicken(sick!);
    await stage.minutes(15);
    expect(await stage.serving('a')).toBe(2);
    expect([...stage.world.aws.autoScaling.group('steady').members.keys()]).not.toContain(sick);
    expect(details(stage, 'DriftCorrected').flatMap(({ retired }) => retired)).toContain(sick);
  });

  it('puts right what somebody else did to the size of the group', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.loads.set('a', 180);
    await stage.minutes(8);
    const more = { AutoScalingGroupName: 'steady', DesiredCapacity: 5 };
    await stage.world.aws.client().send(new SetDesiredCapacityCommand(more));
    await stage.minutes(25);
    expect([await stage.serving('a'), stage.desired()]).toEqual([2, 2]);
  });

  it('in a new process goes on where the last one was', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.loads.set('a', 280);
    for (let m = 0; m < 10; m++) {
      stage.restart();
      await stage.minutes(1);
    }
    expect([await stage.serving('a'), stage.desired()]).toEqual([3, 3]);
    expect(stage.moves).toHaveLength(3);
    expect(details(stage, 'ShardScaled')).toHaveLength(1);
  });

  it('two at once plan once, and the second one’s plan is made after the first', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }), { latency: 0.1 });
    stage.loads.set('a', 280);
    await stage.minutes(8);
    stage.loads.set('a', 480);
    await stage.world.clock.runUntil(stage.world.clock.now() + 60);
    await stage.before();
    const [first, second] = [stage.process()(), stage.process()()];
    const results = await stage.world.drive(Promise.all([first, second]));
    const outcomes = results.map((one) => (one.outcome === 'skipped' ? 0 : one.rounds.length));
    expect(outcomes.sort()).toEqual([0, 2]);
    expect(stage.desired()).toBe(5);
    await stage.minutes(8);
    expect([await stage.serving('a'), stage.desired()]).toEqual([5, 5]);
  });

  it('goes on where AWS throttles: what was not done is told and done by a later tick', async () => {
    const stage = new PlanStage(settingsOf(['a', 'b'], { max: 20 }), { latency: 0.05 });
    stage.loads.set('a', 380);
    stage.loads.set('b', 180);
    let calls = 0;
    stage.world.aws.fail = (action) => {
      // Every third call, whatever it is.
      if (calls++ % 3 === 0)
        throw Object.assign(new Error('Rate exceeded'), {
          name: 'Throttling',
          $metadata: { httpStatusCode: 400 },
        });
      expect(action).not.toBe('');
    };
    await stage.minutes(25);
    stage.world.aws.fail = () => {};
    await stage.minutes(5);
    expect([await stage.serving('a'), await stage.serving('b'), stage.desired()]).toEqual([4, 2, 6]);
  });

  it('publishes what failed and keeps the time of the last good tick', async () => {
    const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
    stage.loads.set('a', 180);
    await stage.minutes(8);
    const good = stage.world.clock.now();
    stage.world.aws.fail = (action) => {
      if (action === 'DescribeAutoScalingGroups')
        throw Object.assign(new Error('no rights'), { name: 'AccessDenied' });
    };
    expect(await stage.minutes(2)).toMatchObject({ outcome: 'failed' });
    expect(details(stage, 'TickFailed')[0]).toMatchObject({ good: false });
    expect(await stage.world.table.get('state', 'tick')).toMatchObject({ at: good });
    expect(await stage.serving('a')).toBe(2);
    stage.world.aws.fail = () => {};
    expect(await stage.minutes(1)).toMatchObject({ outcome: 'done', failures: [] });
    expect(await stage.world.table.get('state', 'tick')).toMatchObject({ at: good + 180 });
  });
});

describe('a tick that is killed half-way', () => {
  it('leaves nothing that the next one does not put right, wherever it was', async () => {
    for (let killed = 0, over = false; !over; killed += 3) {
      const stage = new PlanStage(settingsOf(['a'], { max: 10 }));
      stage.loads.set('a', 80);
      await stage.minutes(8);
      stage.loads.set('a', 280);
      const { clock, table } = stage.world;
      await clock.runUntil(clock.now() + 60);
      await stage.before();
      let calls = 0;
      const mortal = new Proxy(table, {
        get(target, name) {
          const method = Reflect.get(target, name, target) as unknown;
          if (typeof method !== 'function') return method;
          return (...args: unknown[]) =>
            calls++ >= killed ? new Promise(() => {}) : (method.apply(target, args) as unknown);
        },
      });
      let ended = false;
      void stage
        .process(mortal)()
        .then(() => {
          ended = true;
        });
      await clock.runUntil(clock.now() + 50);
      over = ended;
      await stage.minutes(10);
      expect([killed, await stage.serving('a'), stage.desired()]).toEqual([killed, 3, 3]);
      expect(stage.world.aws.autoScaling.group('steady').members.size).toBe(3);
      expect(details(stage, 'MoveFailed')).toEqual([]);
    }
  });
});
