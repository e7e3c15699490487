import { describe, expect, it } from 'vitest';
import { moveInput } from '../../flows/move-input.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { keepSlots } from '../../flows/slots.ts';
import type { LocalMachines } from '../statemachines/local.ts';
import { SLOTS } from '../statemachines/scripted-agents.ts';
import { type Stateful, stateful } from '../statemachines/stateful.ts';
import { move } from './stage.ts';

/** The slots' part of the tick, with agents that beat, over a table. */

const keep = async ({ local, world }: Stateful, modes: Record<string, 'hold' | 'shadow'> = {}) => {
  const { result } = await local.watch(keepSlots(local.ports, world.settings, { modes }));
  expect(result.failures).toEqual([]);
  return result;
};
const detailsOf = ({ events }: LocalMachines, type: string) =>
  events.filter((one) => one.type === type).map(({ detail }) => detail);
const instanceOf = (slice = '') => slice.slice(0, slice.indexOf(':'));

/** Nobody holds anything. */
async function begin(serves: number, spare = 0): Promise<Stateful> {
  const stage = await stateful(serves, spare);
  const { slots } = stage.local.ports;
  for (const seen of await slots.read('a', SLOTS)) await slots.pass('a', seen, undefined);
  return stage;
}

describe('slots', () => {
  it('that nobody holds are given to those that serve, and a second tick finds nothing to do', async () => {
    const stage = await begin(2);
    const [one, two] = stage.serving;
    expect(await keep(stage)).toMatchObject({ given: 4 });
    expect(await stage.holders()).toEqual([one, two, one, two]);
    expect(await keep(stage)).toMatchObject({ given: 0 });
    expect(await stage.holders()).toEqual([one, two, one, two]);
  });

  it('are not given to a slice that a move has taken hold of meanwhile', async () => {
    const stage = await begin(2);
    const { store, agents } = stage.local.ports;
    const [one, two = ''] = stage.serving;
    // The slices have been read by then.
    const list = agents.list.bind(agents);
    agents.list = async () => {
      const seen = (await store.get(two))!;
      await store.claim(two, seen.version, 'move/m', stage.world.clock.now() + 60);
      return list();
    };
    await keep(stage);
    expect(await stage.holders()).toEqual([one, undefined, one, undefined]);
  });

  it('are not touched in shadow, and given in hold', async () => {
    const stage = await begin(2);
    await keep(stage, { a: 'shadow' });
    expect(await stage.holders()).toEqual([undefined, undefined, undefined, undefined]);
    await keep(stage, { a: 'hold' });
    expect(await stage.holders()).not.toContain(undefined);
  });

  it('of a holder whose lease has ended are passed on under a new epoch, and the loss is said', async () => {
    const stage = await stateful(3, 0);
    const { local, world, agents, serving } = stage;
    const [lost = '', one, two] = serving;
    agents.dead.add(instanceOf(lost));
    await world.runUntil(world.clock.now() + 30);
    await keep(stage);
    expect(await stage.holders()).toEqual([lost, lost, lost, lost]);
    await world.runUntil(world.clock.now() + 10);
    await keep(stage);
    expect(await stage.holders()).toEqual([one, two, one, two]);
    const [before] = await local.ports.slots.read('a', SLOTS);
    expect(before?.epoch).toBe(2);
    expect(detailsOf(local, 'SlotStateLost')).toEqual([
      { shard: 'a', slice: lost, slots: [0, 1, 2, 3], why: expect.stringContaining('lease') },
    ]);
  });

  it('are evened out by hand-overs, and nothing is lost or moved but them', async () => {
    const stage = await stateful(2, 0);
    const { local, world, serving } = stage;
    const [one, two] = serving;
    await keep(stage);
    expect(local.started.size).toBe(1);
    const { found } = await local.watch(Promise.all(local.started.values()));
    expect(found).toEqual([]);
    expect(await stage.holders()).toEqual([one, one, two, two]);
    expect((await local.store.get(one!))?.holder).toBeUndefined();
    await keep(stage);
    expect(local.started.size).toBe(1);
    expect(detailsOf(local, 'SlotStateLost')).toEqual([]);
    expect(await world.loadBalancer.health('a', one!)).toBe('healthy');
  });

  it('end a hand-over whose source has died, so that its target is free', async () => {
    const stage = await stateful(2, 1);
    const { local, world, agents, serving } = stage;
    const [source = '', other] = serving;
    const [reserve = ''] = stage.ready;
    await stage.reserve(reserve);
    await agents.opens(source, reserve, false);
    await world.runUntil(world.clock.now() + 20);
    agents.dead.add(instanceOf(source));
    await world.runUntil(world.clock.now() + 40);
    await keep(stage);
    expect(await local.ports.handOvers.get(source)).toMatchObject({ phase: 'failed' });
    expect(await local.ports.handOvers.of(reserve)).toBeUndefined();
    await keep(stage);
    expect(await stage.holders()).toEqual([other, other, other, other]);
  });
});

describe('a slice that comes into its shard', () => {
  /** Nothing serves the shard yet. */
  async function fresh() {
    const stage = await begin(1, 1);
    await stage.world.loadBalancer.deregister('a', stage.serving[0]!);
    await stage.local.store.remove(stage.serving[0]!);
    return stage;
  }
  /** Runs the move of a ready slice into the shard, step by step as the machine does. */
  async function arrive(stage: Stateful) {
    const { local, world, ready } = stage;
    const [slice = ''] = ready;
    const { version } = (await local.store.get(slice))!;
    const input = moveInput(
      move(slice, { kind: 'ready' }, { kind: 'active', shard: 'a' }),
      version,
      world.clock.now(),
      world.settings,
    );
    const { result } = await local.watch(local.run('move', input));
    expect(result).toMatchObject({ status: 'SUCCEEDED' });
    return slice;
  }

  it('gets the slots that nobody holds at once, and the tick finds nothing to give', async () => {
    const stage = await fresh();
    const slice = await arrive(stage);
    expect(await stage.holders()).toEqual([slice, slice, slice, slice]);
    expect(await keep(stage)).toMatchObject({ given: 0 });
    expect(await stage.holders()).toEqual([slice, slice, slice, slice]);
  });

  it('gets none that others hold', async () => {
    const stage = await stateful(1, 1);
    const [holder] = stage.serving;
    await arrive(stage);
    expect(await stage.holders()).toEqual([holder, holder, holder, holder]);
  });

  it('gets none while its agent is silent', async () => {
    const stage = await fresh();
    stage.agents.dead.add(instanceOf(stage.ready[0]));
    await stage.world.runUntil(stage.world.clock.now() + 40);
    await arrive(stage);
    expect(await stage.holders()).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('reconciliation leaves what holds state where it is', () => {
  const reconciled = async ({ local, world }: Stateful) => {
    const { result } = await local.watch(reconcile(local.ports, world.settings));
    expect(result.failures).toEqual([]);
    return result;
  };

  it('until its instance ends', async () => {
    const stage = await stateful(1, 0);
    const { local, world, serving } = stage;
    const [source = ''] = serving;
    const at = world.clock.now();
    await world.fleet.announce(instanceOf(source), { kind: 'interruption', at, deadline: at + 30 });
    expect(await reconciled(stage)).toMatchObject({ evicted: [] });
    expect(await world.loadBalancer.health('a', source)).toBe('healthy');
    await world.runUntil(at + 31);
    expect(await reconciled(stage)).toMatchObject({ evicted: [source] });
    expect(await local.store.get(source)).toMatchObject({ placement: { kind: 'draining' } });
  });

  it('while its agent beats', async () => {
    const stage = await stateful(1, 0);
    const { world, serving, agents } = stage;
    const [source = ''] = serving;
    agents.dead.add(instanceOf(source));
    await world.runUntil(world.clock.now() + 40);
    const at = world.clock.now();
    await world.fleet.announce(instanceOf(source), { kind: 'interruption', at, deadline: at + 100 });
    expect(await reconciled(stage)).toMatchObject({ evicted: [source] });
  });
});
