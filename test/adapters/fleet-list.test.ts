import { describe, expect, it } from 'vitest';
import type { Member } from '../../adapters/aws/fleet-groups.ts';
import { type InstanceItem, originOf, phaseOf, toInstance } from '../../adapters/aws/fleet-instance.ts';
import { changeOf } from '../../adapters/aws/fleet-observe.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import { settingsOf } from '../world/fixtures.ts';

const settings = settingsOf(['web']);
const NOW = 1000;

const member = (lifecycle: string, change: Partial<Member> = {}): Member => ({
  id: 'i-1',
  type: 'm7i.large',
  zone: 'a',
  group: 'steady',
  lifecycle,
  isProtected: true,
  isHealthy: true,
  ...change,
});
const item = (change: Partial<InstanceItem>): InstanceItem => ({ pk: 'instance', sk: 'i-1', ...change });
const seen = (lifecycle: string, known?: Partial<InstanceItem>, change?: Partial<Member>) =>
  toInstance(member(lifecycle, change), known && item(known), settings, NOW);

describe('what Auto Scaling lists, in our words', () => {
  it.each([
    ['Pending', 'starting'],
    ['Pending:Wait', 'starting'],
    ['Pending:Proceed', 'starting'],
    ['InService', 'running'],
    ['Terminating:Wait', 'draining'],
    ['Detaching', 'draining'],
    ['EnteringStandby', 'draining'],
    ['Standby', 'draining'],
    ['Warmed:Pending:Wait', 'starting'],
    ['Warmed:Stopped', 'warm'],
    ['Warmed:Hibernated', 'warm'],
    ['Warmed:Running', 'warm'],
    ['Warmed:Terminating:Wait', undefined],
    ['Warmed:Terminated', undefined],
    ['Terminated', undefined],
    ['SomethingNew', 'draining'],
  ])('%s is %s', (lifecycle, state) => {
    expect(seen(lifecycle)?.state).toBe(state);
  });

  it('runs only in service, whatever the table says', () => {
    expect(seen('Pending:Wait', { state: 'running', since: 1 })?.state).toBe('starting');
  });

  it('leaves by what was decided, from when it was decided', () => {
    const intent = { to: 'warm', at: 900 } as const;
    const released = { state: 'draining', to: 'warm', since: 900, slices: [] };
    expect(seen('InService', { intent })).toMatchObject(released);
    // Auto Scaling stops it: not yet there, and no cold launch into the warm pool either.
    expect(seen('Warmed:Pending:Wait', { intent })).toMatchObject(released);
    expect(seen('Warmed:Stopped', { intent })?.state).toBe('warm');
    expect(seen('InService', undefined, { isHealthy: false })).toMatchObject({
      state: 'draining',
      to: 'retired',
    });
  });

  it('is interrupted until it ends, released or not', () => {
    const said = { noticeAt: 950, deadline: 1070, intent: { to: 'retired', at: 900 } } as const;
    for (const lifecycle of ['InService', 'Terminating:Wait'])
      expect(seen(lifecycle, said)).toMatchObject({ state: 'interrupted', deadline: 1070 });
    expect(seen('InService', { rebalanceAt: 940 })).toMatchObject({ state: 'running', rebalanceAt: 940 });
  });

  it('stands by for a shard, wakes up for it, and is nobody’s when put there by hand', () => {
    expect(seen('Standby', { standbyOf: 'web' })).toMatchObject({ state: 'standby', shard: 'web' });
    const waking = { state: 'starting', origin: 'standby', shard: 'web', since: 990, expectedAt: 990 + 90 };
    expect(seen('Standby', { standbyOf: 'web', wakeAt: 990 })).toMatchObject(waking);
    expect(seen('Pending:Wait', { standbyOf: 'web', wakeAt: 990 })).toMatchObject(waking);
  });

  it('knows where a starting instance comes from by where it was seen last', () => {
    expect(originOf(undefined)).toBe('cold');
    expect(originOf(item({ state: 'warm' }))).toBe('warm');
    expect(originOf(item({ state: 'starting', origin: 'warm' }))).toBe('warm');
    expect(seen('Pending', { state: 'warm', since: 1 })).toMatchObject({
      origin: 'warm',
      expectedAt: NOW + 60,
    });
    expect(seen('Pending')).toMatchObject({ origin: 'cold', into: 'running', expectedAt: NOW + 240 });
    expect(seen('Warmed:Pending')).toMatchObject({ origin: 'cold', into: 'warm' });
  });

  it('writes a phase once, and forgets an intent that is carried out', () => {
    const intent = { to: 'warm', at: 900 } as const;
    const first = changeOf(member('InService'), undefined, NOW);
    expect(first?.set).toEqual({ group: 'steady', state: 'running', since: NOW });
    expect(changeOf(member('InService'), item({ state: 'running', since: 1 }), NOW)).toBeUndefined();
    const back = changeOf(
      member('Warmed:Stopped'),
      item({ state: 'stocking', intent, outAt: 1, sentAt: 2 }),
      NOW,
    );
    expect(back?.remove).toEqual(['intent', 'outAt', 'sentAt']);
    // A failed one that a scale-in brought to the warm pool stays marked.
    const failed = { to: 'retired', at: 900 } as const;
    expect(changeOf(member('Warmed:Stopped'), item({ state: 'warm', intent: failed }), NOW)).toBeUndefined();
    expect(phaseOf(member('Warmed:Stopped'))).toBe('warm');
  });
});

describe('list', () => {
  const many = (steady: number, warm: number, spot: number) => {
    const world = new AwsWorld(settingsOf(['web'], { max: 1000 }));
    const { autoScaling } = world.aws;
    for (let i = 0; i < steady; i++) autoScaling.seed(autoScaling.group('steady'));
    for (let i = 0; i < spot; i++) autoScaling.seed(autoScaling.group('spot'));
    for (let i = 0; i < warm; i++) autoScaling.seed(autoScaling.group('steady'), 'Warmed:Stopped');
    return world;
  };

  it('reads 500 instances in six calls, the warm pool by pages of 50', async () => {
    const world = many(200, 200, 100);
    const listed = await world.drive(world.fleet.list());
    const by = Object.groupBy(listed, ({ state }) => state);
    expect([by.running?.length, by.warm?.length]).toEqual([300, 200]);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(500);
    expect(Object.fromEntries(world.aws.calls)).toEqual({
      DescribeAutoScalingGroups: 1,
      DescribeWarmPool: 4,
    });
  });

  it('does not ask for a warm pool that is empty, and reads once for the calls of one tick', async () => {
    const world = many(3, 0, 0);
    const [first] = await Promise.all([world.drive(world.fleet.list())]);
    await world.drive(world.fleet.openRequests());
    const [again] = await world.drive(world.fleet.list());
    expect(again).toBe(first[0]);
    expect(world.aws.count()).toBe(1);
  });

  it('names a group that does not exist', async () => {
    const world = many(0, 0, 0);
    world.aws.autoScaling.groups.delete('spot');
    await expect(world.drive(world.fleet.list())).rejects.toThrow('group spot (spot) does not exist');
  });

  it('goes on after throttling, and gives up with the last error', async () => {
    const world = many(1, 0, 0);
    let left = 3;
    world.aws.fail = () => {
      if (left-- > 0) throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    };
    expect(await world.drive(world.fleet.list())).toHaveLength(1);
    left = Number.POSITIVE_INFINITY;
    await world.clock.runUntil(world.clock.now() + 60);
    await expect(world.drive(world.fleet.list())).rejects.toThrow('Rate exceeded');
  });
});
