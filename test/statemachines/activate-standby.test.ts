import { afterEach, describe, expect, it } from 'vitest';
import type { Reason } from '../../core/capacity/plan.ts';
import { standbyInput } from '../../flows/activate-standby.ts';
import { stage } from '../flows/stage.ts';
import { Coverage, type Fault, type LocalMachines, localMachines } from './local.ts';

const reason: Reason = { rule: 'wake' };
const coverage = new Coverage();
let last: LocalMachines | undefined;
afterEach(() => {
  if (last !== undefined) coverage.add(last);
});

async function begin() {
  const world = await stage({ max: 4 });
  const { id } = world.fleet.seed('steady', 'b');
  // Its slices are the machine's business here.
  world.signals = { ...world.signals, arrived() {} };
  const local = await localMachines(world);
  last = local;
  return {
    world,
    local,
    id,
    input: standbyInput({ instance: id, shard: 'b', reason }, world.clock.now(), world.settings),
  };
}

const types = ({ events }: LocalMachines) => events.map(({ type }) => type);

describe('the machine activate-standby', () => {
  it('wakes the instance and moves its slices into their shard', async () => {
    const { world, local, id, input } = await begin();
    const { result, found } = await local.watch(local.run('activate-standby', input), input.at + 120);
    expect(found).toEqual([]);
    const move = `${input.key}/${id}:8080`;
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'placed', moves: [move] } });
    expect([...local.started.keys()]).toEqual([move]);
    expect(await local.started.get(move)).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done' } });
    expect(await world.loadBalancer.health('b', `${id}:8080`)).toBe('healthy');
    expect(types(local)).toEqual(expect.arrayContaining(['StandbyActivated', 'SliceMoved']));
  });

  it('of the same instance twice moves each slice once', async () => {
    const { local, id, input } = await begin();
    const both = Promise.all([local.run('activate-standby', input), local.run('activate-standby', input)]);
    const { result, found } = await local.watch(both, input.at + 120);
    expect(found).toEqual([]);
    expect(result.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(local.started.size).toBe(1);
    expect(await local.store.get(`${id}:8080`)).toMatchObject({ placement: { kind: 'active', shard: 'b' } });
  });

  it('leaves out a slice that somebody has taken meanwhile', async () => {
    const { local, id, input } = await begin();
    await local.store.add(`${id}:8080`, input.at);
    const { version } = (await local.store.get(`${id}:8080`))!;
    await local.store.claim(`${id}:8080`, version, 'plan', 1e10);
    await local.store.put(`${id}:8080`, 'plan', { kind: 'activating', since: input.at, shard: 'a' });
    const { result } = await local.watch(local.run('activate-standby', input));
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'placed', moves: [] } });
  });

  it('gives up at its bound, and says so', async () => {
    const { world, local, id, input } = await begin();
    const work = local.run('activate-standby', input);
    await world.runUntil(input.at + 5);
    world.fail(id);
    const { result } = await local.watch(work);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'asleep' } });
    expect(world.clock.now()).toBeLessThanOrEqual(input.awakeBy + 1);
    expect(types(local)).toContain('StandbyFailed');
    expect(local.started.size).toBe(0);
  });

  for (const how of ['before', 'after'] as Fault[])
    it.each(['wake-instance', 'place-standby'] as const)(
      `a %s that fails, ${how}, is tried again`,
      async (task) => {
        const { local, id, input } = await begin();
        local.fault = (name, nth) => (name === task && nth === 0 ? how : undefined);
        const { result, found } = await local.watch(local.run('activate-standby', input), input.at + 120);
        expect([found, result.status, local.started.size]).toEqual([[], 'SUCCEEDED', 1]);
        expect(await local.store.get(`${id}:8080`)).toMatchObject({
          placement: { kind: 'active', shard: 'b' },
        });
      },
    );

  it.each(['wake-instance', 'place-standby'] as const)(
    'a %s that fails for good ends it, said and seen',
    async (task) => {
      const { local, input } = await begin();
      local.fault = (name, nth) =>
        name === task && (task !== 'wake-instance' || nth < 3) ? 'before' : undefined;
      const { result, found } = await local.watch(local.run('activate-standby', input));
      expect([found, result]).toMatchObject([[], { status: 'FAILED', error: 'StandbyAbandoned' }]);
      expect(types(local)).toContain('StandbyFailed');
    },
  );

  it('ends where even that cannot be said', async () => {
    const { local, input } = await begin();
    local.fault = () => 'before';
    const { result } = await local.watch(local.run('activate-standby', input));
    expect(result).toMatchObject({ status: 'FAILED', error: 'StandbyAbandoned' });
  });
});

it('every state was entered, and every Catch taken', () => {
  expect(coverage.missing('activate-standby')).toEqual([]);
});
