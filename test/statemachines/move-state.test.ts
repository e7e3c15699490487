import { afterEach, describe, expect, it } from 'vitest';
import type { Move } from '../../core/capacity/plan.ts';
import { runMove } from '../../flows/move.ts';
import { moveInput } from '../../flows/move-input.ts';
import { preCopy } from '../../flows/pre-copy.ts';
import { move } from '../flows/stage.ts';
import { Coverage, type LocalMachines } from './local.ts';
import { type Stateful, stateful } from './stateful.ts';

/** Slices of a shard with state leave it by a move: their slots go first. */

const coverage = new Coverage();
const ran: LocalMachines[] = [];
afterEach(() => {
  for (const one of ran.splice(0)) coverage.add(one);
});

const inA = { kind: 'active', shard: 'a' } as const;
const ready = { kind: 'ready' } as const;

async function begin(serves = 3, spare = 0) {
  const stage = await stateful(serves, spare);
  ran.push(stage.local);
  return { ...stage, source: stage.serving[0] ?? '' };
}

async function inputOf(
  { local, world }: Stateful,
  slice: string,
  from: Move['from'],
  to: Move['to'],
  id = 'm',
) {
  const { version } = (await local.store.get(slice))!;
  return moveInput({ ...move(slice, from, to), id }, version, world.clock.now(), world.settings);
}

const types = ({ events }: LocalMachines) => events.map(({ type }) => type);

describe('a slice that holds slots', () => {
  it.each([
    ['the machine', async (s: Stateful, i: object) => s.local.run('move', i)],
    ['the flow', (s: Stateful, i: never) => runMove(s.local.ports, i, s.world.settings)],
  ] as const)('hands them to others, evenly, then drains: %s', async (_, run) => {
    const stage = await begin();
    const { local, world, source, serving, agents } = stage;
    agents.copy = 100;
    const at = world.clock.now();
    const input = await inputOf(stage, source, inA, ready);
    const work = run(stage, input as never);
    expect((await local.watch(Promise.resolve(), at + 60)).found).toEqual([]);
    // It serves as before while its state is copied.
    expect(await local.store.get(source)).toMatchObject({ placement: inA, holder: input.holder });
    expect(await world.loadBalancer.health('a', source)).toBe('healthy');
    const { result, found } = await local.watch<unknown>(work);
    expect(found).toEqual([]);
    expect(JSON.stringify(result)).toContain('"outcome":"done"');
    const [, one, two] = serving;
    expect((await stage.holders()).toSorted()).toEqual([one, one, two, two]);
    expect(await local.store.get(source)).toMatchObject({ placement: ready });
    expect(types(local)).toEqual([
      'HandOverStarted',
      'SliceHandedOver',
      'HandOverStarted',
      'SliceHandedOver',
      'SliceMoved',
    ]);
    // Two copies of 100 s, then a drain of 60 s: later than the plan's own times.
    expect(world.clock.now()).toBeGreaterThan(input.drainBy);
  });

  it('stays where nobody else serves the shard: the move is undone', async () => {
    const stage = await begin(1, 1);
    const { local, world, source } = stage;
    const input = await inputOf(stage, source, inA, { kind: 'active', shard: 'b' });
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { outcome: 'failed', step: 'hand-over', left: 'unchanged', error: 'no slice can take over' },
    });
    expect(await local.store.get(source)).toMatchObject({ placement: inA });
    expect((await local.store.get(source))?.holder).toBeUndefined();
    expect(await world.loadBalancer.health('a', source)).toBe('healthy');
    expect(await stage.holders()).toEqual([source, source, source, source]);
    expect(types(local)).toEqual(['HandOverFailed', 'MoveFailed']);
  });

  it('stays where the copy fails, and keeps what was not handed over', async () => {
    const stage = await begin();
    const { local, source, agents, serving } = stage;
    agents.fails = ({ target }) => (target === serving[2] ? 'disk full' : undefined);
    const { result, found } = await local.watch(local.run('move', await inputOf(stage, source, inA, ready)));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { outcome: 'failed', step: 'hand-over', error: 'disk full' } });
    expect((await stage.holders()).toSorted()).toEqual([source, source, serving[1], serving[1]].toSorted());
    expect(await local.store.get(source)).toMatchObject({ placement: inA });
  });

  it('that was copied on a rebalance recommendation goes to its reserve, which serves then', async () => {
    const stage = await begin(1, 1);
    const { local, world, source } = stage;
    const [reserve = ''] = stage.ready;
    await stage.reserve(reserve);
    const context = { ports: local.ports, settings: world.settings, switched: {} };
    await preCopy(context, source.slice(0, source.indexOf(':')));
    await world.runUntil(world.clock.now() + 30);
    const { result, found } = await local.watch(local.run('move', await inputOf(stage, source, inA, ready)));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { outcome: 'done' } });
    expect(await stage.holders()).toEqual([reserve, reserve, reserve, reserve]);
    expect(await local.store.get(reserve)).toMatchObject({ placement: inA });
    expect(await local.store.get(source)).toMatchObject({ placement: ready });
    expect(await world.loadBalancer.health('a', reserve)).toBe('healthy');
  });

  it.each(['before', 'after'] as const)('goes on where the step fails once, %s', async (how) => {
    const stage = await begin();
    stage.local.fault = (name, nth) => (name === 'hand-over-slots' && nth === 0 ? how : undefined);
    const input = await inputOf(stage, stage.source, inA, ready);
    const { result, found } = await stage.local.watch(stage.local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { outcome: 'done' } });
    expect(await stage.holders()).not.toContain(stage.source);
  });

  it('stays where the step fails for good', async () => {
    const stage = await begin();
    const { local, source } = stage;
    local.fault = (name) => (name === 'hand-over-slots' ? 'before' : undefined);
    const { result, found } = await local.watch(local.run('move', await inputOf(stage, source, inA, ready)));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { outcome: 'failed', step: 'hand-over', left: 'unchanged' } });
    expect((await local.store.get(source))?.holder).toBeUndefined();
  });
});

describe('a slice that takes over', () => {
  it('cannot be moved', async () => {
    const stage = await begin(2);
    const { local, source, serving, agents } = stage;
    const [, target = ''] = serving;
    await agents.opens(source, target);
    const { result } = await local.watch(local.run('move', await inputOf(stage, target, inA, ready)));
    expect(result).toMatchObject({ output: { outcome: 'failed', step: 'claim', left: 'unchanged' } });
    expect((await local.store.get(target))?.holder).toBeUndefined();
    await local.watch(Promise.resolve(), stage.world.clock.now() + 20);
    expect(await stage.holders()).toEqual([target, target, target, target]);
  });

  it('only in case Spot takes the source can be moved: the copy ends', async () => {
    const stage = await begin(1, 1);
    const { local, world, source, agents } = stage;
    const [reserve = ''] = stage.ready;
    await stage.reserve(reserve);
    await agents.opens(source, reserve, false);
    const input = await inputOf(stage, reserve, { kind: 'reserved', shard: 'a' }, ready);
    const { result } = await local.watch(local.run('move', input));
    expect(result).toMatchObject({ output: { outcome: 'done' } });
    expect(await local.ports.handOvers.get(source)).toMatchObject({ phase: 'failed' });
    expect(await stage.holders()).toEqual([source, source, source, source]);
    expect(await world.loadBalancer.health('a', source)).toBe('healthy');
  });
});

it('every state of it was entered, and its Catch taken', () => {
  const missing = coverage.missing('move').filter((one) => /Slots/.test(one));
  expect(missing).toEqual([]);
});
