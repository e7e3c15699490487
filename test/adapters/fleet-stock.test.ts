import { describe, expect, it } from 'vitest';
import { preparedFor, stockOf } from '../../adapters/aws/fleet-capacity.ts';
import type { GroupFacts } from '../../adapters/aws/fleet-groups.ts';
import type { FleetAction } from '../../core/capacity/plan.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import { settingsOf } from '../world/fixtures.ts';

const reason = { rule: 'pool' } as const;
const groupOf = (desired: number, prepared?: number): GroupFacts => ({
  group: 'steady',
  name: 'steady',
  min: 0,
  max: 20,
  desired,
  warmPool: prepared === undefined ? {} : { MaxGroupPreparedCapacity: prepared },
  members: [],
});

describe('prepared capacity', () => {
  it.each([
    ['a stock stays while desired falls', 5, 8, 4, 7],
    ['and while it rises from elsewhere', 5, 8, 6, 9],
    ['without a stock nothing has to follow', 5, 5, 6, undefined],
    ['nor below desired', 5, 3, 4, undefined],
    ['but prepared capacity must not come to be above desired', 5, 5, 4, 4],
  ])('%s', (_, desired, prepared, next, wanted) => {
    expect(preparedFor(groupOf(desired, prepared), next)).toBe(wanted);
  });

  it('is the group’s maximum where it has none of its own', () => {
    expect(stockOf(groupOf(5))).toBe(15);
    expect(stockOf(groupOf(5, -1))).toBe(15);
    expect(stockOf({ ...groupOf(5), warmPool: undefined })).toBe(0);
  });
});

describe('stock', () => {
  const worldOf = (warmMax = 5) => new AwsWorld(settingsOf(['web'], { max: 10, warmMax }));
  const apply = (world: AwsWorld, action: FleetAction, key = JSON.stringify(action)) =>
    world.drive(world.anotherFleet().apply(action, key));
  const stock = (count: number): FleetAction => ({ kind: 'stock', count, reason });
  const start = (count: number): FleetAction => ({ kind: 'start', group: 'steady', count, reason });
  const sizes = (world: AwsWorld) => {
    const group = world.aws.autoScaling.group('steady');
    return { desired: group.desired, inService: group.counted().length, warm: group.warm().length };
  };

  it('fills the warm pool beside what runs, and a start takes from it without filling it again', async () => {
    const world = worldOf();
    await apply(world, start(2));
    await world.wait(300);
    await apply(world, stock(3));
    await world.wait(300);
    expect(sizes(world)).toEqual({ desired: 2, inService: 2, warm: 3 });
    const launched = world.aws.autoScaling.group('steady').members.size;
    await apply(world, start(2), 'more');
    await world.wait(300);
    expect(sizes(world)).toEqual({ desired: 4, inService: 4, warm: 1 });
    expect(world.aws.autoScaling.group('steady').members.size).toBe(launched);
  });

  it('starts cold what the warm pool does not have', async () => {
    const world = worldOf();
    await apply(world, stock(1));
    await world.wait(300);
    await apply(world, start(3));
    await world.wait(10);
    const origins = (await world.drive(world.anotherFleet().list())).map(
      (one) => 'origin' in one && one.origin,
    );
    expect(origins.sort()).toEqual(['cold', 'cold', 'warm']);
    await world.wait(300);
    expect(sizes(world)).toEqual({ desired: 3, inService: 3, warm: 0 });
  });

  it('asks for no more than is missing, though the group has not acted yet', async () => {
    const world = worldOf();
    for (let i = 0; i < 3; i++) await apply(world, stock(2), `tick ${i}`);
    await world.wait(300);
    expect(sizes(world).warm).toBe(2);
  });

  it('keeps to fleet.warmMax and says so', async () => {
    const world = worldOf(2);
    await expect(apply(world, stock(3))).rejects.toThrow('fleet.warmMax 2: 3 asked, room for 2');
    await world.wait(300);
    expect(sizes(world).warm).toBe(2);
  });

  it('gives up as many as are discarded, once per key; what is not in the warm pool stays', async () => {
    const world = worldOf();
    await apply(world, stock(4));
    await apply(world, start(1));
    await world.wait(400);
    const warm = (await world.drive(world.anotherFleet().list())).filter(({ state }) => state === 'warm');
    // One started cold beside them.
    expect(warm).toHaveLength(4);
    for (const { id } of warm.slice(0, 2))
      for (let i = 0; i < 2; i++) await apply(world, { kind: 'discard', instance: id, reason });
    const running = (await world.drive(world.anotherFleet().list())).find(({ state }) => state === 'running');
    await apply(world, { kind: 'discard', instance: running!.id, reason });
    await world.wait(120);
    expect(sizes(world)).toEqual({ desired: 1, inService: 1, warm: 2 });
  });

  it('fills up again where a stopped instance had to be ended', async () => {
    const world = worldOf();
    await apply(world, stock(2));
    await world.wait(300);
    const [first] = await world.drive(world.anotherFleet().list());
    await world.drive(world.anotherFleet().retire(first!.id, 'failed'));
    await world.wait(400);
    expect(sizes(world).warm).toBe(2);
    expect(world.aws.ec2.get(first!.id)?.power).toBe('terminated');
  });
});
