import { describe, expect, it } from 'vitest';
import type { World } from '../../backtest/world/world.ts';
import type { FleetAction, Move, Plan, Snapshot } from '../../core/capacity/plan.ts';
import type { Mode } from '../../core/settings/schema.ts';
import { activateStandby, type StandbyInput } from '../../flows/activate-standby.ts';
import { runMove } from '../../flows/move.ts';
import type { MoveInput } from '../../flows/move-input.ts';
import { tick } from '../../flows/tick.ts';
import { watch } from '../world/invariants.ts';
import { move, ON_A, READY, stage } from './stage.ts';

const reason = { rule: 'pool' } as const;
const toA = move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' });
const homeA = move(ON_A, { kind: 'active', shard: 'a' }, { kind: 'ready' });
const start: FleetAction = { kind: 'start', group: 'steady', count: 1, reason };
const release = (instance: string, to: 'warm' | 'retired' = 'warm'): FleetAction => ({
  kind: 'release',
  instance,
  to,
  reason,
});

async function ticking(
  moves: Move[],
  fleet: FleetAction[],
  modes?: Record<string, Mode>,
  prepare: (world: World) => void = () => {},
) {
  const world = await stage({ max: 4 });
  prepare(world);
  world.workflows.handlers.set('move', (input) => runMove(world.ports, input as MoveInput));
  world.workflows.handlers.set('activate-standby', (input) =>
    activateStandby(world.ports, world.settings, input as StandbyInput),
  );
  const seen: Snapshot[] = [];
  const planner = (snapshot: Snapshot): Plan => {
    seen.push(snapshot);
    const none = { steady: 0, spot: 0, warm: 0 };
    const pool = { target: 0, ready: 0, bound: 0 };
    return { at: snapshot.at, moves, fleet, desired: none, pool, shards: [], findings: [] };
  };
  const run = () =>
    tick(world.ports, world.settings, planner, new Map(), modes && { modes, holdAt: { a: 3 } });
  return { world, seen, run, result: await run() };
}

describe('a tick', () => {
  it('shows the planner the fleet with its placements, what is held, and what was measured', async () => {
    const { world, seen, run } = await ticking([toA], []);
    const [first] = seen;
    expect(first?.instances).toMatchObject([
      { id: 'i-00000000', slices: [{ id: ON_A, share: 1, placement: { kind: 'active', shard: 'a' } }] },
      { id: 'i-00000001', slices: [{ placement: { kind: 'active', shard: 'b' } }] },
      { id: 'i-00000002', slices: [{ id: READY, port: 8080, placement: { kind: 'ready' } }] },
    ]);
    expect(first?.held).toEqual([]);
    await world.runUntil(world.clock.now() + 60);
    await run();
    // The second slice served for the last 50 s of the minute.
    const utilization = expect.closeTo(10 / (100 + (100 * 50) / 60));
    expect(seen[1]?.measured[0]).toMatchObject({ shard: 'a', load: 10, utilization });
    expect(seen[1]?.instances[0]).toBe(first?.instances[0]);
  });

  it('starts moves and actions once, however often it is repeated', async () => {
    const { world, run, result } = await ticking([toA], [start]);
    expect(result).toMatchObject({ moves: [{ move: toA }], actions: [start], refused: [], failures: [] });
    await run();
    expect(world.fleet.all()).toHaveLength(4);
    await world.runUntil(world.clock.now() + 10);
    expect(await world.loadBalancer.health('a', READY)).toBe('healthy');
  });

  it('touches nothing of a shard in shadow, by settings or by switch', async () => {
    const { world, result, seen } = await ticking([toA, homeA], [start], { a: 'shadow' });
    expect(seen[0]).toMatchObject({ modes: { a: 'shadow' }, holdAt: { a: 3 } });
    expect(result.moves).toEqual([]);
    expect(result.refused.map(({ why }) => why)).toEqual(['shard a is in shadow', 'shard a is in shadow']);
    expect(result.actions).toEqual([start]);
    await world.runUntil(world.clock.now() + 100);
    expect((await world.store.get(READY))?.placement.kind).toBe('ready');
  });

  it('leaves the fleet alone where every shard is in shadow', async () => {
    const { world, result } = await ticking([], [start, release('i-00000002')], { a: 'shadow', b: 'shadow' });
    expect(result.actions).toEqual([]);
    expect(result.refused).toHaveLength(2);
    expect(world.fleet.all()).toHaveLength(3);
  });

  it('goes on where an effect fails, and says which', async () => {
    const tooMany: FleetAction = { kind: 'start', group: 'steady', count: 5, reason };
    const { world, result } = await ticking([toA], [tooMany, release('i-00000002')]);
    expect(result.failures).toEqual([
      { what: 'start 5 × steady', error: expect.stringContaining('fleet.max 4') },
    ]);
    expect(result.moves).toHaveLength(1);
    // The slice of the instance to be released has just been given to a shard.
    expect(result.refused).toEqual([
      { what: 'release i-00000002 to warm', why: expect.stringContaining(READY) },
    ]);
    expect(world.fleet.get('i-00000002')?.state).toBe('running');
  });

  it('releases an idle instance at once, and one whose move is under way when that is done', async () => {
    const { world, result } = await ticking(
      [homeA],
      [release('i-00000002'), release('i-00000000', 'retired')],
    );
    expect(result.actions).toHaveLength(2);
    expect(world.fleet.get('i-00000002')?.state).toBe('warm');
    expect(await world.store.get(READY)).toBeUndefined();
    expect(world.fleet.get('i-00000000')?.state).toBe('draining');
    expect(await watch(world, world.clock.now() + 61)).toEqual([]);
    expect(world.fleet.get('i-00000000')).toBeUndefined();
    expect(await world.store.get(ON_A)).toBeUndefined();
  });

  it('has a slice cleared up where the release that it was to leave with is not carried out', async () => {
    const { world, result } = await ticking([homeA], [release('i-00000000')], {}, ({ ports: { fleet } }) => {
      fleet.apply = () => Promise.reject(new Error('throttled'));
    });
    expect(result.failures).toEqual([{ what: 'release i-00000000 to warm', error: 'Error: throttled' }]);
    expect(result.moves).toMatchObject([{ move: homeA, leaves: false }]);
    await world.runUntil(world.clock.now() + 90);
    expect((await world.store.get(ON_A))?.placement.kind).toBe('ready');
    expect(world.hosts.environments.has(ON_A)).toBe(false);
  });

  it('does not release an instance that serves', async () => {
    const { world, result } = await ticking([], [release('i-00000001'), release('i-nobody')]);
    expect(result.refused.map(({ why }) => why)).toEqual([
      'slice i-00000001:8080 is active, not ready',
      'no such instance',
    ]);
    expect(world.fleet.get('i-00000001')?.state).toBe('running');
  });
});

describe('a cold standby', () => {
  const wake = async (settingsMax: number) => {
    const world = await stage({ max: settingsMax });
    const { id } = world.fleet.seed('steady', 'b');
    const now = world.clock.now();
    const input = { instance: id, shard: 'b', reason, at: now, key: 'w', awakeBy: now + 240 };
    return { world, now, id, input };
  };

  it('is woken, and its slices serve the shard', async () => {
    const { world, now, id, input } = await wake(4);
    expect(world.fleet.get(id)).toMatchObject({ state: 'standby', shard: 'b' });
    const work = activateStandby(world.ports, world.settings, input);
    expect(await watch(world, now + 100)).toEqual([]);
    expect(await work).toEqual({ outcome: 'done', moves: [{ outcome: 'done', at: now + 100 }] });
    expect(await world.loadBalancer.health('b', `${id}:8080`)).toBe('healthy');
  });

  it('goes back to sleep by a release', async () => {
    const { world, id, input } = await wake(4);
    await world.clock.settle(activateStandby(world.ports, world.settings, input));
    await world.fleet.apply({ kind: 'release', instance: id, to: 'standby', reason }, 's');
    await world.loadBalancer.deregister('b', `${id}:8080`);
    await world.runUntil(world.clock.now() + 60);
    expect(world.fleet.get(id)).toMatchObject({ state: 'standby', shard: 'b' });
  });

  it('that ends before it runs is reported', async () => {
    const { world, now, id, input } = await wake(4);
    const types: string[] = [];
    world.events.listener = ({ type }) => types.push(type);
    const work = activateStandby(world.ports, world.settings, input);
    await world.runUntil(now + 5);
    world.fail(id);
    await world.runUntil(now + 240);
    expect(await work).toMatchObject({ outcome: 'asleep', error: expect.stringContaining(id) });
    expect(types).toEqual(['StandbyFailed']);
  });
});
