import { describe, expect, it } from 'vitest';
import { seenOf, sweptHealth } from '../../adapters/aws/load-balancer-swept.ts';
import { PK } from '../../adapters/aws/table.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

function worldOf() {
  const world = new AwsWorld(settingsOf(['web', 'api']));
  const { autoScaling } = world.aws;
  const { id } = autoScaling.seed(autoScaling.group('steady'));
  return { world, id, slice: `${id}:8080` };
}

describe('AwsLoadBalancer', () => {
  it('says what to do where a shard has no route, and where its group is used by no listener', async () => {
    const { world, slice } = worldOf();
    const lb = world.loadBalancer;
    await expect(world.drive(lb.register('new', slice))).rejects.toThrow(
      'shard new has no target group: run route-sync',
    );
    // Nothing can be registered there: a way back through such a shard is free.
    await world.drive(lb.deregister('new', slice));
    expect(await world.drive(lb.health('new', slice))).toBe('unused');
    await world.drive(lb.register('web', slice));
    for (const group of world.aws.elb.targets.groups.values()) group.inUse = false;
    await expect(world.drive(lb.health('web', slice))).rejects.toThrow('used by no listener');
    await expect(world.drive(lb.states('web'))).rejects.toThrow('run route-sync');
  });

  it('finds the new group when the old one was replaced, and nothing in one that is gone', async () => {
    const { world, slice } = worldOf();
    const lb = world.loadBalancer;
    await world.drive(lb.register('web', slice));
    world.aws.elb.targets.groups.clear();
    expect(await world.drive(lb.health('web', slice))).toBe('unused');
    expect([...(await world.drive(lb.states('web')))]).toEqual([]);
    await expect(world.drive(lb.register('web', slice))).rejects.toThrow('not found');
    const { arn } = world.aws.elb.addTargetGroup('web-2', {}, true);
    await world.table.put({ pk: PK.route, sk: 'web', targetGroup: arn });
    await world.drive(lb.register('web', slice));
    expect(await world.drive(lb.health('web', slice))).toBe('initial');
  });

  it('keeps a route for a minute', async () => {
    const { world, slice } = worldOf();
    const read: string[] = [];
    const get = world.table.get.bind(world.table);
    world.table.get = async (pk, sk) => {
      read.push(sk);
      return get(pk, sk);
    };
    for (let i = 0; i < 3; i++) await world.drive(world.loadBalancer.health('web', slice));
    expect(read).toEqual(['web']);
    await world.clock.runUntil(T0 + 61);
    await world.drive(world.loadBalancer.health('web', slice));
    expect(read).toEqual(['web', 'web']);
  });

  it('has the states of a whole group in one call, with what drains', async () => {
    const { world, id, slice } = worldOf();
    await world.drive(world.loadBalancer.register('web', slice));
    await world.drive(world.loadBalancer.register('web', `${id}:8081`));
    await world.clock.runUntil(T0 + 30);
    await world.drive(world.loadBalancer.deregister('web', slice));
    const before = world.aws.count('DescribeTargetHealth');
    expect([...(await world.drive(world.loadBalancer.states('web')))]).toEqual([
      [slice, 'draining'],
      [`${id}:8081`, 'healthy'],
    ]);
    expect(world.aws.count('DescribeTargetHealth')).toBe(before + 1);
  });

  it('names slice and shard of a target that ELB refuses', async () => {
    const { world, id, slice } = worldOf();
    world.aws.ec2.stop(id);
    await world.clock.runUntil(T0 + 30);
    await expect(world.drive(world.loadBalancer.register('web', slice))).rejects.toMatchObject({
      name: 'InvalidTarget',
      message: expect.stringContaining(`target ${slice} of shard web`),
    });
  });

  it('sees a target whose instance was stopped as unused, and serving again at its next start', async () => {
    const { world } = worldOf();
    // Outside the groups: Auto Scaling would replace it.
    const { id } = world.aws.ec2.seed({ type: 'm7i.large', zone: 'a', spot: false }, 'running');
    const slice = `${id}:8080`;
    await world.drive(world.loadBalancer.register('web', slice));
    await world.clock.runUntil(T0 + 30);
    world.aws.ec2.stop(id);
    await world.clock.runUntil(T0 + 60);
    expect(await world.drive(world.loadBalancer.health('web', slice))).toBe('unused');
    world.aws.ec2.start(id, 5);
    await world.clock.runUntil(T0 + 90);
    expect(await world.drive(world.loadBalancer.health('web', slice))).toBe('healthy');
  });

  it('waits for ELB’s bucket instead of failing', async () => {
    const world = new AwsWorld(settingsOf(['web']), { buckets: true });
    const looks = Array.from({ length: 100 }, () => world.loadBalancer.states('web'));
    await world.drive(Promise.all(looks));
    expect(world.aws.throttled.get('DescribeTargetHealth')).toBeGreaterThan(0);
    // 40 at once, then 10 a second.
    expect(world.age).toBeGreaterThanOrEqual(6);
  });
});

describe('what a look says of an active slice', () => {
  const look = (at: number, state?: string, since = at) => ({
    pk: 'health',
    sk: 'web',
    at,
    targets: state === undefined ? {} : { s: { state, since } },
  });
  const seen = (item: object | undefined, placed: number) => seenOf(item as never, 's', placed);

  it.each([
    ['nothing, without one', undefined, 'healthy'],
    ['nothing, when none succeeded', { pk: 'health', sk: 'web', triedAt: 300 }, 'healthy'],
    ['nothing, when it is older than the placement', look(100, 'unhealthy', 50), 'healthy'],
    ['nothing bad, at the first look', look(300, 'unhealthy', 300), 'healthy'],
    ['unhealthy, at the second', look(360, 'unhealthy', 300), 'unhealthy'],
    ['nothing bad, when the first look was at an earlier placement', look(360, 'unhealthy', 90), 'healthy'],
    ['that it is not there', look(300), 'unused'],
    ['that somebody drains it', look(300, 'draining'), 'draining'],
    ['healthy', look(300, 'healthy'), 'healthy'],
  ])('%s', (_, item, state) => {
    expect(seen(item, 100)).toBe(state);
  });
});

describe('sweptHealth', () => {
  const placed = (slice: string, placement: Placement) => ({
    pk: PK.slice,
    sk: slice,
    placement,
    version: 1,
  });

  it('asks ELB only for slices that move, once per shard, and the table for the others', async () => {
    const { world, id } = worldOf();
    const slices = [0, 1, 2].map((i) => `${id}:${8080 + i}`);
    for (const slice of slices) await world.drive(world.loadBalancer.register('web', slice));
    await world.clock.runUntil(T0 + 30);
    await world.drive(world.look());
    await world.table.put(placed(slices[0]!, { kind: 'active', since: T0, shard: 'web' }));
    for (const slice of slices.slice(1))
      await world.table.put(placed(slice, { kind: 'draining', since: T0 + 30, shard: 'web' }));
    await world.drive(world.loadBalancer.deregister('web', slices[1]!));
    const before = world.aws.count('DescribeTargetHealth');
    const swept = sweptHealth(world.table, world.store, world.loadBalancer);
    const health = (slice: string, shard = 'web') => world.drive(swept.health(shard, slice));
    expect([await health(slices[0]!), await health(slices[1]!), await health(slices[2]!)]).toEqual([
      'healthy',
      'draining',
      'healthy',
    ]);
    expect(world.aws.count('DescribeTargetHealth')).toBe(before + 1);
    expect(await health(slices[0]!, 'api')).toBe('unused');
  });
});
