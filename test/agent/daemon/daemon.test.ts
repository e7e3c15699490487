import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../../../agent/daemon.ts';
import { SliceMemory } from '../../../agent/memory.ts';
import { SETTINGS, type Stage, stage } from './stage.ts';

let world: Stage;
let daemon: Daemon;

beforeEach(async () => {
  world = await stage();
  daemon = world.daemonOf();
});
afterEach(async () => {
  await daemon.stop();
  world.stop();
});

/** The beats that the table has taken. */
const beats = () => world.serving.leases.length;
const until = (what: () => unknown) => expect.poll(what, { interval: 2, timeout: 5000 });
/** Passes time until so many more beats were taken. */
async function more(count: number): Promise<void> {
  const goal = beats() + count;
  for (let i = 0; i < 2000 && beats() < goal; i++) await world.clock.pass(1);
  expect(beats()).toBeGreaterThanOrEqual(goal);
}

describe('a beat', () => {
  it('says who the agent is and what it serves, three times a lease', async () => {
    await daemon.start();
    await until(beats).toBe(1);
    expect(await world.agents.get('i-1')).toEqual({
      instance: 'i-1',
      bootId: 'boot-1',
      address: '10.0.0.1',
      transferPort: 7946,
      at: 1_000_000,
      leaseUntil: 1_000_030,
      slices: [
        {
          slice: 'i-1:8080',
          port: 8080,
          stateBytes: 0,
          dirtyBytesPerSecond: 0,
          metrics: { memory: 0.5, cpu: 0.25 },
        },
      ],
    });
    await more(3);
    expect(world.serving.leases.map(({ began }) => began - 1_000_000)).toEqual([0, 10, 20, 30]);
  });

  it('reads the orders', async () => {
    await world.agents.order('i-1:8080', { reserve: 'i-2:8080', handOver: 'h-1' });
    await daemon.start();
    await until(beats).toBe(1);
    expect(world.serving.orders).toEqual([
      { reserves: { 'i-1:8080': 'i-2:8080' }, handOvers: { 'i-1:8080': 'h-1' } },
    ]);
  });

  it('says what the application measures, over what the machine does', async () => {
    world.app(8080, { name: 'quick' }).stats = async () => ({
      slots: [
        { slot: 0, stateBytes: 600 },
        { slot: 1, stateBytes: 400 },
      ],
      metrics: { cpu: 0.75, sessions: 3 },
    });
    await daemon.start();
    await daemon.activate('i-1:8080', 'quick');
    await daemon.beat();
    const [slice] = (await world.agents.get('i-1'))!.slices;
    // Half of it in a second, as the settings say: the application says nothing of it.
    expect(slice).toMatchObject({
      shard: 'quick',
      stateBytes: 1000,
      dirtyBytesPerSecond: 500,
      metrics: { memory: 0.5, cpu: 0.75, sessions: 3 },
    });
  });

  it('passes on which run the application is, and remembers it once nothing of another is vouched for', async () => {
    let generation = 'a';
    world.app(8080, { name: 'cart' }).stats = async () => ({ slots: [], metrics: {}, generation });
    const remembered = async () => (await new SliceMemory(world.folder).read()).get(8080);
    await daemon.start();
    await daemon.activate('i-1:8080', 'cart');
    await daemon.beat();
    await expect.poll(remembered).toEqual({ shard: 'cart', generation: 'a' });
    generation = 'b';
    world.serving.isLost = true;
    await daemon.beat();
    expect(world.serving.seen.at(-1)).toBe('i-1:8080 b');
    expect(await remembered()).toEqual({ shard: 'cart', generation: 'a' });
    world.serving.isLost = false;
    await daemon.beat();
    await expect.poll(remembered).toEqual({ shard: 'cart', generation: 'b' });
  });

  it('does not wait for an application that does not answer, and does not ask it twice', async () => {
    let asked = 0;
    world.app(8080, { name: 'cart' }).stats = () => {
      asked += 1;
      return new Promise(() => {});
    };
    await daemon.start();
    await daemon.activate('i-1:8080', 'cart');
    await more(3);
    expect(asked).toBe(1);
  });

  it('goes on while a hook takes its time', async () => {
    world.app(8080, { name: 'cart' }).activate = () => new Promise(() => {});
    await daemon.start();
    void daemon.activate('i-1:8080', 'cart');
    await more(4);
  });

  it('takes the shortest lease of what it serves, and never shortens one that was written', async () => {
    await daemon.start();
    await until(beats).toBe(1);
    await daemon.activate('i-1:8080', 'quick');
    await more(1);
    const { at, leaseUntil } = (await world.agents.get('i-1'))!;
    expect(world.serving.leases.at(-1)!.lease).toBe(12);
    expect(at + 12).toBeLessThan(1_000_030);
    expect(leaseUntil).toBe(1_000_030);
    await more(6);
    const later = (await world.agents.get('i-1'))!;
    expect(later.leaseUntil).toBe(later.at + 12);
  });

  it.each([
    ['longer', 60],
    ['shorter', 10],
  ])('takes a %s lease from the settings while it serves, and what was written stays', async (_, lease) => {
    await daemon.start();
    await daemon.activate('i-1:8080', 'quick');
    await more(2);
    world.world.settings = SETTINGS.replace('lease: 12', `lease: ${lease}`);
    const written: number[] = [];
    for (let i = 0; i < 400 && world.serving.leases.at(-1)!.lease !== lease; i++) {
      written.push((await world.agents.get('i-1'))!.leaseUntil);
      await world.clock.pass(0.5);
    }
    expect(world.serving.leases.at(-1)!.lease).toBe(lease);
    expect(written).toEqual(written.toSorted((a, b) => a - b));
    const { at, leaseUntil } = (await world.agents.get('i-1'))!;
    expect(leaseUntil).toBe(Math.max(at + lease, written.at(-1)!));
    expect(world.calls).toEqual(['activate quick', 'open i-1:8080 quick']);
  });

  it('is tried every second while the table is away, and renews no lease meanwhile', async () => {
    await daemon.start();
    await until(beats).toBe(1);
    world.world.down = true;
    for (let i = 0; i < 60; i++) await world.clock.pass(1);
    expect(beats()).toBe(1);
    world.world.down = false;
    await more(1);
    expect(world.said.events().filter((event) => event.startsWith('beat'))).toEqual([
      'beat-failed',
      'beats-again',
    ]);
  });

  it('that is asked for begins afterwards, and fails with the table', async () => {
    await daemon.start();
    await until(beats).toBe(1);
    await Promise.all([daemon.beat(), daemon.beat()]);
    expect(beats()).toBeLessThanOrEqual(3);
    world.world.down = true;
    await expect(daemon.beat()).rejects.toThrow('the table did not take the beat');
  });
});

describe('a notice', () => {
  it('is passed on and written at once', async () => {
    await daemon.start();
    await until(beats).toBe(1);
    world.imds.recommend('1970-01-12T13:00:00Z');
    for (let i = 0; i < 500 && beats() < 2; i++) await world.clock.pass(0.1);
    expect(world.serving.notices).toEqual([{ rebalanceAt: 997_200 }]);
    expect(await world.agents.get('i-1')).toMatchObject({ rebalanceAt: 997_200 });
    world.imds.interrupt('1970-01-12T14:00:00Z');
    for (let i = 0; i < 500 && beats() < 3; i++) await world.clock.pass(0.1);
    const { noticeAt, deadline } = (await world.agents.get('i-1'))!;
    expect(deadline).toBe(1_000_800);
    expect(noticeAt).toBeGreaterThanOrEqual(1_000_000);
  });
});

describe('a restart', () => {
  it('opens what was active once more, without its hook, under another boot id', async () => {
    await daemon.start();
    await daemon.activate('i-1:8080', 'cart');
    await daemon.stop();
    expect(world.calls).toEqual(['activate cart', 'open i-1:8080 cart', 'stop']);
    daemon = world.daemonOf('boot-2');
    await daemon.start();
    expect(world.calls.slice(3)).toEqual(['open i-1:8080 cart']);
    await daemon.beat();
    expect(await world.agents.get('i-1')).toMatchObject({
      bootId: 'boot-2',
      slices: [{ shard: 'cart' }],
    });
  });

  it('tries again with each beat what cannot be opened, and says it', async () => {
    await daemon.start();
    await daemon.activate('i-1:8080', 'cart');
    await daemon.stop();
    world.serving.fails = true;
    daemon = world.daemonOf('boot-2');
    await daemon.start();
    await more(2);
    world.serving.fails = false;
    await more(2);
    const opened = world.calls.filter((call) => call.startsWith('open'));
    expect(opened.length).toBeGreaterThan(2);
    expect(world.said.lines).toContainEqual(
      expect.objectContaining({ event: 'slice-not-open', error: 'the port is taken' }),
    );
    const count = opened.length;
    await more(2);
    expect(world.calls.filter((call) => call.startsWith('open'))).toHaveLength(count);
  });
});

describe('settings', () => {
  it('that have gained a shard just now are read again; those that went wrong are left alone', async () => {
    await daemon.start();
    await expect(daemon.activate('i-1:8080', 'newest')).rejects.toThrow(
      'shard: expected one of the settings, got newest',
    );
    world.world.settings = SETTINGS.replace('plain', 'newest');
    await daemon.activate('i-1:8080', 'newest');
    world.world.settings = 'service: [';
    await world.clock.pass(301);
    await daemon.activate('i-1:8080', 'cart');
    expect(world.said.events()).toContain('settings-unreadable');
  });
});
