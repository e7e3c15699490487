import { describe, expect, it } from 'vitest';
import { requestKey } from '../../adapters/aws/fleet-requests.ts';
import { PK } from '../../adapters/aws/table.ts';
import type { FleetAction } from '../../core/capacity/plan.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import type { ModelOptions } from '../model-aws/model.ts';
import { settingsOf } from '../world/fixtures.ts';

const reason = { rule: 'pool' } as const;
const start = (count: number, group: 'steady' | 'spot' = 'steady'): FleetAction => ({
  kind: 'start',
  group,
  count,
  reason,
});
const worldOf = (options: Partial<ModelOptions> = {}) =>
  new AwsWorld(settingsOf(['web'], { max: 10 }), options);
const desired = (world: AwsWorld, group = 'steady') => world.aws.autoScaling.group(group).desired;
const openCount = async (world: AwsWorld) =>
  (await world.drive(world.anotherFleet().openRequests())).reduce((sum, { count }) => sum + count, 0);

describe('start', () => {
  it('sets an absolute size once per key, also after a call whose answer was lost', async () => {
    const world = worldOf();
    let lost = true;
    const { send } = world.aws.client();
    world.aws.client = () => ({
      send: async (command) => {
        const answer = await send(command);
        if (command.constructor.name === 'SetDesiredCapacityCommand' && lost) {
          lost = false;
          throw new Error('socket hang up');
        }
        return answer;
      },
    });
    const fleet = world.anotherFleet();
    await expect(world.drive(fleet.apply(start(3), 'key'))).rejects.toThrow('socket hang up');
    for (let i = 0; i < 2; i++) await world.drive(world.anotherFleet().apply(start(3), 'key'));
    expect(desired(world)).toBe(3);
    expect(await world.table.query(PK.request)).toHaveLength(3);
  });

  it('counts no requests of a tick that died before it asked Auto Scaling', async () => {
    const world = worldOf();
    world.aws.fail = (action) => {
      if (action === 'SetDesiredCapacity') throw new Error('killed');
    };
    await expect(world.drive(world.fleet.apply(start(2), 'dead'))).rejects.toThrow('killed');
    world.aws.fail = () => {};
    expect(await world.table.query(PK.request)).toHaveLength(2);
    expect(await openCount(world)).toBe(0);
    await world.drive(world.anotherFleet().apply(start(2), 'next'));
    expect(desired(world)).toBe(2);
    expect(await openCount(world)).toBe(2);
  });

  it('starts no more than the larger of two ticks that race', async () => {
    const world = worldOf({ latency: 0.05 });
    const [one, two] = [world.anotherFleet(), world.anotherFleet()];
    await world.drive(Promise.all([one.apply(start(2), 'a'), two.apply(start(3), 'b')]));
    expect([2, 3]).toContain(desired(world));
    await world.wait(600);
    expect(world.lifecycles('steady').length).toBe(desired(world));
    expect(await openCount(world)).toBe(0);
  });

  it('shows what was asked for as open, then as starting, then as running; never twice', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply(start(2), 'a'));
    const counts = async () => {
      const list = await world.drive(world.anotherFleet().list());
      return [
        await openCount(world),
        ...['starting', 'running'].map((s) => list.filter(({ state }) => state === s).length),
      ];
    };
    expect(await counts()).toEqual([2, 0, 0]);
    await world.wait(10);
    expect(await counts()).toEqual([0, 2, 0]);
    await world.wait(300);
    expect(await counts()).toEqual([0, 0, 2]);
  });

  it('starts up to the group’s maximum and says what was over', async () => {
    const world = worldOf();
    await expect(world.drive(world.fleet.apply(start(25), 'a'))).rejects.toThrow(
      'MaxSize 20, 25 starts asked, room for 20',
    );
    expect(desired(world)).toBe(20);
  });

  it('is not swallowed by a desired capacity that somebody lowered', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply(start(4), 'a'));
    await world.wait(300);
    world.aws.autoScaling.group('steady').desired = 1;
    await world.drive(world.anotherFleet().apply(start(1), 'b'));
    await world.wait(600);
    expect(world.lifecycles('steady')).toEqual(Array(5).fill('InService'));
  });
});

describe('requests', () => {
  it('are withdrawn when AWS has no such capacity, so that it does not come when nobody wants it', async () => {
    let has = false;
    const world = worldOf({ available: (group) => group === 'steady' || has });
    await world.drive(world.fleet.apply(start(2, 'spot'), 'a'));
    await world.wait(300);
    expect([desired(world, 'spot'), await openCount(world)]).toEqual([2, 2]);
    await world.wait(300);
    expect([desired(world, 'spot'), await openCount(world)]).toEqual([0, 0]);
    expect(await world.table.query(PK.request)).toEqual([]);
    has = true;
    await world.wait(600);
    expect(world.lifecycles('spot')).toEqual([]);
  });

  it('are adopted where somebody raised desired capacity, and end like ours', async () => {
    const world = worldOf({ available: () => false });
    await world.wait(60);
    world.aws.autoScaling.group('steady').desired = 2;
    await world.wait(60);
    expect([desired(world), await openCount(world)]).toEqual([2, 2]);
    await world.wait(600);
    expect([desired(world), await openCount(world)]).toEqual([0, 0]);
  });

  it('are bound by arrival, the oldest of the group first, once per instance', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply(start(1, 'spot'), 'spot'));
    await world.drive(world.fleet.apply(start(1), 'old'));
    await world.clock.runUntil(world.clock.now() + 60);
    await world.drive(world.fleet.apply(start(1), 'new'));
    const bind = (id: string) => world.drive(world.anotherFleet().bind(id, 'steady', world.clock.now()));
    expect([await bind('i-1'), await bind('i-1'), await bind('i-2'), await bind('i-2')]).toEqual([
      'old/0',
      'old/0',
      'new/0',
      'new/0',
    ]);
    expect(await bind('i-3')).toBeUndefined();
  });

  it('are bound by many arrivals at once, each by one', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply(start(8), 'a'));
    const ids = Array.from({ length: 8 }, (_, i) => `i-${i}`);
    const twice = [...ids, ...ids];
    const bound = await world.drive(
      Promise.all(twice.map((id) => world.anotherFleet().bind(id, 'steady', world.clock.now()))),
    );
    expect(new Set(bound).size).toBe(8);
    expect(bound.slice(0, 8)).toEqual(bound.slice(8));
  });

  it('sort by age as text', () => {
    expect([requestKey(10, 'b'), requestKey(9, 'a')].sort()).toEqual([
      requestKey(9, 'a'),
      requestKey(10, 'b'),
    ]);
  });

  it('do not count any more when the arrival’s event is lost', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply(start(2), 'a'));
    await world.wait(60);
    expect(await openCount(world)).toBe(0);
    await world.drive(world.anotherFleet().apply(start(1), 'b'));
    expect(await openCount(world)).toBe(1);
  });
});
