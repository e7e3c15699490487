import { describe, expect, it } from 'vitest';
import type { World } from '../../backtest/world/world.ts';
import { onInterruption, onRebalance } from '../../flows/interruption.ts';
import { runMove } from '../../flows/move.ts';
import { moveInput } from '../../flows/move-input.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { watch } from '../world/invariants.ts';
import { failing, move, ON_A, READY, stage } from './stage.ts';

const worldOf = ({ settings, ...world }: World, ports = world.ports) => ({ ports, settings, switched: {} });

async function begin(instance = 'i-00000000', seconds = 110) {
  const world = await stage();
  const at = world.clock.now();
  return { world, at, input: { instance, at, deadline: at + seconds } };
}

describe('an interruption notice', () => {
  it('takes the slices out of their shards and of the store inside the deadline', async () => {
    const { world, at, input } = await begin();
    const types: string[] = [];
    world.events.listener = ({ type }) => types.push(type);
    const work = onInterruption(worldOf(world), input);
    expect(await watch(world, at + 1)).toEqual([]);
    expect(world.fleet.get('i-00000000')).toMatchObject({ state: 'interrupted', deadline: input.deadline });
    // It serves until what is left is just enough to drain: 110 − 60 − 8 s.
    expect(await watch(world, at + 41)).toEqual([]);
    expect(await world.loadBalancer.health('a', ON_A)).toBe('healthy');
    expect(await watch(world, at + 43)).toEqual([]);
    expect(await world.loadBalancer.health('a', ON_A)).toBe('draining');
    expect(await watch(world, at + 109)).toEqual([]);
    expect(await work).toEqual({ left: [ON_A], late: [], kept: [], failures: [] });
    expect(await world.store.get(ON_A)).toBeUndefined();
    expect(types).toEqual(['InterruptionNoticed', 'InstanceEvacuated']);
  });

  it('that leaves too little time says which slices are late', async () => {
    const { world, input } = await begin('i-00000000', 30);
    const result = await world.clock.settle(onInterruption(worldOf(world), input));
    expect(result).toEqual({ left: [], late: [ON_A], kept: [], failures: [] });
    expect((await world.store.get(ON_A))?.holder).toBeUndefined();
  });

  it('takes a ready slice from the store, so that nobody claims it', async () => {
    const { world, input } = await begin('i-00000002');
    const { version = 0 } = (await world.store.get(READY)) ?? {};
    await world.clock.settle(onInterruption(worldOf(world), input));
    const late = moveInput(
      move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' }),
      version,
      world.clock.now(),
      world.settings,
    );
    expect(await runMove(world.ports, late)).toEqual({ outcome: 'lost-claim' });
  });

  it('waits for a move that has the slice, then takes it', async () => {
    const { world, at, input } = await begin('i-00000002');
    const { version = 0 } = (await world.store.get(READY)) ?? {};
    const planned = move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' });
    const moving = runMove(world.ports, moveInput(planned, version, at, world.settings));
    await world.runUntil(at + 2);
    const work = onInterruption(worldOf(world), input);
    expect(await watch(world, input.deadline)).toEqual([]);
    expect((await moving).outcome).toBe('done');
    expect(await work).toMatchObject({ left: [READY], late: [] });
  });

  it('that comes twice, or after the end, does no harm', async () => {
    const { world, input } = await begin();
    const both = [onInterruption(worldOf(world), input), onInterruption(worldOf(world), input)];
    expect(await watch(world, input.deadline)).toEqual([]);
    for (const { left, failures } of await Promise.all(both)) expect([left, failures]).toEqual([[ON_A], []]);
    world.fail('i-00000000');
    const again = await world.clock.settle(onInterruption(worldOf(world), input));
    expect(again).toEqual({ left: [], late: [], kept: [], failures: [] });
  });

  it('keeps one owner where any call fails', async () => {
    for (const how of ['before', 'after', 'dead'] as const) {
      for (let at = 0; at < 30; at++) {
        const { world, input } = await begin();
        const ports = failing(world.ports, at, how);
        const work = onInterruption(worldOf(world, ports), input).catch((error: Error) => error.name);
        const found = await watch(world, input.deadline);
        world.fail('i-00000000');
        await watch(world, input.deadline + 1);
        expect((await reconcile(world.ports, world.settings)).failures).toEqual([]);
        expect(found, `${how} call ${at}`).toEqual([]);
        expect(await world.store.get(ON_A)).toBeUndefined();
        await work;
        if (ports.calls() <= at) break;
      }
    }
  });
});

it('a rebalance recommendation marks the instance once, and moves nothing by itself', async () => {
  const { world, at } = await begin();
  for (let i = 0; i < 2; i++) await onRebalance(world.ports, { instance: 'i-00000000', at });
  expect(world.fleet.get('i-00000000')).toMatchObject({ state: 'running', rebalanceAt: at });
  expect((await world.store.get(ON_A))?.placement.kind).toBe('active');
});
