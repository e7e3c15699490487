import { beforeEach, describe, expect, it } from 'vitest';
import { readRoutes } from '../../adapters/aws/route-items.ts';
import { PK } from '../../adapters/aws/table.ts';
import { readState } from '../../lambdas/route-sync/state.ts';
import { sync } from '../../lambdas/route-sync/sync.ts';
import { hosts, RouteStage, T0, yaml } from './route-stage.ts';

let stage: RouteStage;
beforeEach(() => {
  stage = new RouteStage();
});

describe('route-sync', () => {
  it('gives a shard its group, rule and item, as the settings say', async () => {
    stage.put(
      yaml([{ name: 'cart', more: ', health: { path: /up }' }], ', leadTimes: { drain: { seconds: 20 } }'),
    );
    const result = await stage.run();
    expect(result).toMatchObject({ outcome: 'done', created: ['cart'], failed: [], left: 0 });
    const [group] = stage.groups();
    expect(group?.settings).toMatchObject({
      Protocol: 'HTTP',
      TargetType: 'instance',
      Port: 8080,
      VpcId: 'vpc-1',
      HealthCheckPath: '/up',
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
    });
    expect(group?.attributes.get('deregistration_delay.timeout_seconds')).toBe('20');
    expect(Object.fromEntries(stage.aws.elb.tags.get(group!.arn)!)).toEqual({
      'foreshard:service': 'shop',
      'foreshard:shard': 'cart',
    });
    expect(stage.rules()[0]).toMatchObject({
      listener: stage.balancers[0]!.listener,
      conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/cart/*'] } }],
      actions: [{ Type: 'forward', TargetGroupArn: group!.arn }],
    });
    expect(await readRoutes(stage.table)).toEqual([
      {
        shard: 'cart',
        own: true,
        targetGroup: group!.arn,
        targetGroupName: expect.stringMatching(/^targetgroup\/shop-cart-/),
        loadBalancer: expect.stringMatching(/^app\/alb-0\//),
        listener: stage.balancers[0]!.listener,
        dns: 'alb-0.example',
        rule: stage.rules()[0]!.arn,
        priority: stage.rules()[0]!.priority,
        drain: 20,
      },
    ]);
    expect(stage.events.map(({ type, detail }) => [type, detail.created])).toEqual([
      ['RoutesSynced', ['cart']],
    ]);
    expect(await readState(stage.table)).toMatchObject({ etag: stage.bucket.etag('ours', 'settings.yaml') });
  });

  it('changes nothing and says nothing the second time, with a handful of calls', async () => {
    stage.put(yaml(['a', 'b', 'c']));
    await stage.run();
    stage.aws.calls.clear();
    expect(await stage.run()).toMatchObject({ outcome: 'done', created: [], changed: [], removed: [] });
    expect(Object.fromEntries(stage.aws.calls)).toEqual({ DescribeTargetGroups: 1, DescribeRules: 1 });
    expect(stage.events).toHaveLength(1);
  });

  it('a shard that comes and one that goes touch no other; rules of others stay', async () => {
    stage.put(yaml(['a', 'b']));
    await stage.run();
    const theirs = stage.aws.elb.addTargetGroup('theirs', { Protocol: 'HTTP', TargetType: 'instance' });
    const conditions = [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/x'] } }];
    stage.aws.elb.addRule(stage.balancers[0]!.listener, 3, conditions, [{ TargetGroupArn: theirs.arn }]);
    const before = new Map(stage.rules().map(({ arn, priority }) => [arn, priority]));
    stage.put(yaml(['b', 'c']));
    expect(await stage.run()).toMatchObject({ outcome: 'done', created: ['c'], changed: [], removed: ['a'] });
    expect((await readRoutes(stage.table)).map(({ shard }) => shard)).toEqual(['b', 'c']);
    expect(stage.rules().filter(({ arn }) => before.has(arn))).toHaveLength(2);
    expect(stage.groups()).toHaveLength(3);
    expect(before.get(stage.rules().find(({ priority }) => priority === 3)!.arn)).toBe(3);
  });

  it('a shard that goes keeps its group until its slices have drained', async () => {
    stage.put(yaml(['a', 'b']));
    await stage.run();
    const placement = { kind: 'draining', shard: 'a', since: T0 };
    await stage.table.put({ pk: PK.slice, sk: 'i-1:8080', version: 1, placement });
    stage.put(yaml(['b']));
    expect(await stage.run()).toMatchObject({
      outcome: 'partial',
      changed: ['a'],
      waiting: [{ shard: 'a', for: 'slices', why: '1 slices of it have not drained' }],
    });
    expect(stage.rules()).toHaveLength(1);
    expect(stage.groups()).toHaveLength(2);
    expect((await readState(stage.table))?.etag).toBeUndefined();
    await stage.table.delete(PK.slice, 'i-1:8080');
    expect(await stage.run()).toMatchObject({ outcome: 'done', removed: ['a'] });
    expect(stage.groups()).toHaveLength(1);
  });

  it('killed after any call, the next run ends at the same', async () => {
    stage.put(yaml(['a', 'b']));
    await stage.run();
    stage.put(yaml([{ name: 'b', more: ', route: { path: /b2/* }' }, 'c']));
    // How many calls the whole takes, then every prefix of it.
    for (let calls = 0; ; calls++) {
      let made = 0;
      stage.aws.fail = () => {
        if (made++ >= calls) throw Object.assign(new Error('killed'), { name: 'Killed' });
      };
      const died = await stage.run().then(
        ({ outcome }) => outcome !== 'done',
        () => true,
      );
      stage.aws.fail = () => {};
      if (!died) break;
      expect(calls).toBeLessThan(30);
    }
    expect((await readRoutes(stage.table)).map(({ shard }) => shard)).toEqual(['b', 'c']);
    expect(stage.groups()).toHaveLength(2);
    expect(stage.rules()).toHaveLength(2);
    expect(await stage.run()).toMatchObject({ outcome: 'done', changed: [], created: [], removed: [] });
  });

  it('what fails is named by shard, and stops no other', async () => {
    stage.put(yaml(['a', 'b', 'c']));
    stage.aws.fail = (action, input) => {
      if (action === 'CreateRule' && JSON.stringify(input).includes('/b/*'))
        throw Object.assign(new Error('at most 100 rules'), { name: 'TooManyRulesException' });
    };
    const failed = [{ shard: 'b', error: 'TooManyRulesException: at most 100 rules' }];
    expect(await stage.run()).toMatchObject({ outcome: 'partial', created: ['a', 'c'], failed });
    expect(await stage.run()).toMatchObject({ outcome: 'partial', created: [], failed });
    // The event is for news: the second run has none.
    expect(stage.events.map(({ detail }) => detail.failed)).toEqual([failed]);
    stage.aws.fail = () => {};
    expect(await stage.run()).toMatchObject({ outcome: 'done', created: ['b'], failed: [] });
  });

  it('waits where AWS throttles', async () => {
    stage.put(yaml(['a']));
    let refused = 0;
    stage.aws.fail = (action) => {
      if (action === 'CreateTargetGroup' && refused++ < 5)
        throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    };
    expect(await stage.run()).toMatchObject({ outcome: 'done', created: ['a'] });
    expect(stage.clock.now()).toBe(T0 + 31);
  });

  it('ends when its time does, says how many are left, and goes on at the next run', async () => {
    stage = new RouteStage({ latency: 1 });
    stage.put(yaml(hosts(60)));
    const first = await stage.run(20);
    expect(first.outcome).toBe('partial');
    expect(first.left).toBeGreaterThan(20);
    expect(first.left + first.created.length).toBe(60);
    expect((await stage.run(600)).outcome).toBe('done');
    expect(stage.groups()).toHaveLength(60);
  });

  it('lets one run at a time', async () => {
    stage.put(yaml(['a']));
    await stage.parts.leases.take('route-sync', 'another', T0 + 60, T0);
    expect((await stage.run()).outcome).toBe('busy');
    expect(stage.aws.count()).toBe(0);
  });

  it('a long run keeps its lease, a killed one does not keep others out for long', async () => {
    stage = new RouteStage({ latency: 2 });
    stage.put(yaml(hosts(80)));
    let refused = 0;
    const watch = async () => {
      for (let i = 0; i < 12; i++) {
        await stage.clock.sleepUntil(stage.clock.now() + 10);
        if (!(await stage.parts.leases.take('route-sync', 'another', T0, stage.clock.now()))) refused++;
      }
    };
    const [result] = await stage.clock.settle(
      Promise.all([sync(stage.parts, { ...stage.input, stopAt: T0 + 600 }), watch()]),
    );
    expect(result.outcome).toBe('done');
    expect(stage.clock.now()).toBeGreaterThan(T0 + 120);
    expect(refused).toBe(12);
    await stage.parts.leases.take('route-sync', 'killed', stage.clock.now() + 120, stage.clock.now());
    expect((await stage.run()).outcome).toBe('busy');
    await stage.clock.runUntil(stage.clock.now() + 120);
    expect((await stage.run()).outcome).toBe('done');
  });

  it('spreads hosts over load balancers and refuses a path there, field, bound and value', async () => {
    stage = new RouteStage({ albs: 2 });
    stage.put(yaml(hosts(95)));
    expect((await stage.run()).created).toHaveLength(95);
    const at = async (shard: string) =>
      (await readRoutes(stage.table)).find((one) => one.shard === shard)?.loadBalancer;
    expect(await at('s89')).toMatch(/alb-0/);
    expect(await at('s90')).toMatch(/alb-1/);
    stage.put(yaml([...hosts(96), 'x'].slice(5)));
    const { failed, outcome } = await stage.run();
    expect(outcome).toBe('partial');
    expect(failed).toEqual([
      {
        shard: 'x',
        error: 'shards[91].route: expected a host, because 2 load balancers share the shards, got "/x/*"',
      },
    ]);
    expect(await at('s90')).toMatch(/alb-1/);
    expect(await at('s95')).toMatch(/alb-0/);
  });

  it('adopts a group: an item, no group, no rule', async () => {
    const group = stage.aws.elb.addTargetGroup('theirs', { Protocol: 'HTTP', TargetType: 'instance' });
    const adopted = group.arn.replace(/[^/]*$/, '6d0ecf831eec9f09');
    stage.aws.elb.targets.groups.delete(group.arn);
    stage.aws.elb.targets.groups.set(adopted, { ...group, arn: adopted });
    stage.aws.elb.addRule(stage.balancers[0]!.listener, 3, [], [{ TargetGroupArn: adopted }]);
    stage.put(yaml([{ name: 'cart', more: `, targetGroup: "${adopted}"` }]));
    expect((await stage.run()).outcome).toBe('done');
    expect(await readRoutes(stage.table)).toEqual([
      {
        shard: 'cart',
        own: false,
        targetGroup: adopted,
        targetGroupName: 'targetgroup/theirs/6d0ecf831eec9f09',
        loadBalancer: expect.stringMatching(/^app\/alb-0/),
      },
    ]);
    expect(stage.groups()).toHaveLength(1);
    expect(stage.rules()).toHaveLength(1);
  });

  it('a shard in shadow beside rules of others gets its rule when it is switched', async () => {
    const theirs = stage.aws.elb.addTargetGroup('theirs', { Protocol: 'HTTP', TargetType: 'instance' });
    const conditions = [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }];
    stage.aws.elb.addRule(stage.balancers[0]!.listener, 49_999, conditions, [{ TargetGroupArn: theirs.arn }]);
    stage.put(yaml(['a']).replace('active', 'shadow'));
    expect(await stage.run()).toMatchObject({ outcome: 'partial', created: ['a'], failed: [] });
    expect(stage.rules()).toHaveLength(1);
    expect((await readState(stage.table))?.etag).toBeUndefined();
    await stage.table.put({ pk: PK.mode, sk: 'a', mode: 'active' });
    expect(await stage.run()).toMatchObject({ outcome: 'done', created: ['a'] });
    expect(stage.rules()).toHaveLength(2);
  });

  it('1,000 shards take one run where AWS allows it, and few calls afterwards', async () => {
    stage = new RouteStage({ albs: 12 });
    stage.put(yaml(hosts(1000)));
    expect((await stage.run()).created).toHaveLength(1000);
    stage.aws.calls.clear();
    expect((await stage.run()).outcome).toBe('done');
    expect(Object.fromEntries(stage.aws.calls)).toEqual({ DescribeTargetGroups: 3, DescribeRules: 12 });
  });
});
