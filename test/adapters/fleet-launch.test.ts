import { describe, expect, it } from 'vitest';
import { PK } from '../../adapters/aws/table.ts';
import type { FleetAction } from '../../core/capacity/plan.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import type { ModelOptions } from '../model-aws/model.ts';
import { settingsOf } from '../world/fixtures.ts';

const worldOf = (options: Partial<ModelOptions> = {}, max = 10) =>
  new AwsWorld(settingsOf(['web'], { max }), options);
type Launch = FleetAction & { readonly kind: 'launch' };
const launch = (zone: string, change: Partial<Launch> = {}): Launch => ({
  kind: 'launch',
  group: 'spot',
  zone,
  reason: { rule: 'reserve' },
  ...change,
});
const spot = (world: AwsWorld) => world.aws.autoScaling.group('spot');
const membersOf = (world: AwsWorld) => [...spot(world).members.values()];

describe('launch', () => {
  it('brings one instance in the zone that was asked for, once per key', async () => {
    const world = worldOf();
    for (let i = 0; i < 2; i++) await world.drive(world.anotherFleet().apply(launch('b'), '1760000000.25/0'));
    expect(membersOf(world).map(({ zone }) => zone)).toEqual(['b']);
    expect(spot(world).desired).toBe(1);
    expect(world.aws.count('LaunchInstances')).toBe(1);
    await world.wait(1000);
    const [instance] = await world.drive(world.anotherFleet().list());
    expect(instance).toMatchObject({ state: 'running', zone: 'b', group: 'spot' });
  });

  it('launches none more when an answer was lost, and the call is made again', async () => {
    const world = worldOf();
    let lost = true;
    world.aws.lose = (action) => {
      if (action !== 'LaunchInstances' || !lost) return;
      lost = false;
      throw new Error('socket hang up');
    };
    await expect(world.drive(world.anotherFleet().apply(launch('a'), 'k'))).rejects.toThrow('socket');
    await world.drive(world.anotherFleet().apply(launch('a'), 'k'));
    expect(membersOf(world)).toHaveLength(1);
    expect(spot(world).desired).toBe(1);
  });

  it('is refused where there is no capacity, and the zone is remembered for a while', async () => {
    const world = worldOf({ available: (_, zone) => zone !== 'a' });
    const fleet = world.anotherFleet();
    await expect(world.drive(fleet.apply(launch('a'), 'k'))).rejects.toMatchObject({
      name: 'NoCapacity',
      message: expect.stringMatching(/spot in a: .*InsufficientInstanceCapacity/),
    });
    expect(spot(world).desired).toBe(0);
    expect(await world.table.query(PK.request)).toEqual([]);
    expect(await world.drive(fleet.refusals())).toMatchObject([{ group: 'spot', zone: 'a' }]);
    await world.wait(660);
    expect(await world.drive(world.anotherFleet().refusals())).toEqual([]);
  });

  it('ends what comes of the pool that it was to avoid, and keeps the rest of the group', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply(launch('b'), 'first'));
    await world.wait(1000);
    const type = world.settings.fleet.instanceTypes[0]!.type;
    const avoiding = launch('a', { avoid: { type, zone: 'a' } });
    await expect(world.drive(world.anotherFleet().apply(avoiding, 'k'))).rejects.toThrow(
      /the pool to be avoided/,
    );
    await world.wait(600);
    expect(membersOf(world).map(({ zone }) => zone)).toEqual(['b']);
    expect(spot(world).desired).toBe(1);
  });

  it('keeps the stock of the warm pool', async () => {
    const world = worldOf();
    await world.drive(world.fleet.apply({ kind: 'stock', count: 2, reason: { rule: 'pool' } }, 's'));
    await world.wait(1000);
    await world.drive(world.anotherFleet().apply(launch('c', { group: 'steady' }), 'k'));
    await world.wait(1000);
    const states = (await world.drive(world.anotherFleet().list())).map(({ state }) => state).sort();
    expect(states).toEqual(['running', 'warm', 'warm']);
  });

  it('is refused at the maximum of the group', async () => {
    const world = worldOf({}, 1);
    for (const key of ['1', '2']) await world.drive(world.anotherFleet().apply(launch('a'), key));
    await world.wait(600);
    await expect(world.drive(world.anotherFleet().apply(launch('a'), '3'))).rejects.toThrow(/MaxSize 2/);
  });
});
