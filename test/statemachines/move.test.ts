import { afterEach, describe, expect, it } from 'vitest';
import { movesKey } from '../../adapters/aws/table.ts';
import type { Move } from '../../core/capacity/plan.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { moveInput } from '../../flows/move-input.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { move, ON_A, READY, stage } from '../flows/stage.ts';
import { Coverage, type Fault, type LocalMachines, localMachines, transitions } from './local.ts';
import type { Step } from './steps.ts';

const toA = move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' });
const home = move(ON_A, { kind: 'active', shard: 'a' }, { kind: 'ready' });
const across = move(ON_A, { kind: 'active', shard: 'a' }, { kind: 'active', shard: 'b' });

const coverage = new Coverage();
let last: LocalMachines | undefined;
afterEach(() => {
  if (last !== undefined) coverage.add(last);
});

async function begin(planned: Move = toA, faults = {}, leaves = false) {
  const world = await stage({}, faults);
  const local = await localMachines(world);
  last = local;
  const { version = 0 } = (await local.store.get(planned.slice)) ?? {};
  const start = world.clock.now();
  return { world, local, start, input: moveInput(planned, version, start, world.settings, leaves) };
}

const types = (local: LocalMachines) => local.events.map(({ type }) => type);
const recordOf = async ({ table, world }: LocalMachines) =>
  (await table.query(movesKey(formatStamp(world.clock.now())))).at(-1);

describe('the machine move', () => {
  it.each([
    { name: 'ready → a', planned: toA, most: 8, within: 16 },
    { name: 'a → ready', planned: home, most: 8, within: 66 },
    { name: 'a → b', planned: across, most: 10, within: 76 },
  ])('$name: $most transitions at most, and it ends where it should', async (one) => {
    const { local, start, input } = await begin(one.planned);
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done' } });
    expect(transitions(result)).toBeLessThanOrEqual(one.most);
    expect(local.world.clock.now() - start).toBeLessThanOrEqual(one.within);
    const { holder, placement } = (await local.store.get(one.planned.slice))!;
    expect(holder).toBeUndefined();
    expect(placement).toMatchObject(one.planned.to);
    expect(types(local)).toEqual(['SliceMoved']);
    expect(await recordOf(local)).toMatchObject({ outcome: 'done' });
    expect(local.tokens.open).toEqual([]);
    expect(await local.table.query('wait')).toEqual([]);
  });

  it('a → reserved goes by way of ready', async () => {
    const to = { kind: 'reserved', shard: 'b', until: 1e10 } as const;
    const { local, input } = await begin(move(ON_A, { kind: 'active', shard: 'a' }, to));
    const { result, found } = await local.watch(local.run('move', input));
    expect([found, result.status]).toEqual([[], 'SUCCEEDED']);
    expect((await local.store.get(ON_A))?.placement).toMatchObject(to);
  });

  it('forgets a slice that leaves with its instance, without a hook', async () => {
    const { local, input } = await begin(home, {}, true);
    const { result } = await local.watch(local.run('move', input));
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done' } });
    expect(await local.store.get(ON_A)).toBeUndefined();
    expect(local.world.hosts.environments.get(ON_A)).toBe('a');
  });

  it('a claim that is lost ends it, and nothing was touched', async () => {
    const { local, input } = await begin();
    const before = await local.store.get(READY);
    const { result } = await local.watch(local.run('move', { ...input, version: input.version - 1 }));
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'lost-claim' } });
    expect(await local.store.get(READY)).toEqual(before);
    expect(types(local)).toEqual([]);
    expect(await recordOf(local)).toMatchObject({ outcome: 'lost-claim' });
  });

  it('a hook that fails takes it the way back', async () => {
    const { local, input } = await begin(toA, { activationFailures: 1 });
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { outcome: 'failed', step: 'activate', left: 'ready', error: 'activate a: exit code 1' },
    });
    expect(await local.store.get(READY)).toMatchObject({ placement: { kind: 'ready' } });
    expect((await local.store.get(READY))?.holder).toBeUndefined();
    expect(types(local)).toEqual(['MoveFailed']);
    expect(await recordOf(local)).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('exit'),
    });
  });

  it('a target that stays unhealthy until the deadline is taken back, and its instance retired', async () => {
    const { local, world, input } = await begin();
    world.sicken('i-00000002');
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'failed', step: 'health' } });
    expect(world.fleet.get('i-00000002')).toBeUndefined();
    expect(types(local)).toContain('MoveFailed');
  });

  it('a drain that does not end lets go of the slice at the end of its hold', async () => {
    const { local, input } = await begin(home);
    local.world.loadBalancer.health = async () => 'draining';
    local.pollerLives = false;
    const { result } = await local.watch(local.run('move', input));
    expect(result).toMatchObject({ output: { outcome: 'failed', step: 'drain', left: 'draining' } });
    expect((await local.store.get(ON_A))?.holder).toBeUndefined();
    expect(local.world.clock.now()).toBeLessThan(input.holdUntil + 130);
  });

  it('goes on by looking itself where the poller is dead', async () => {
    for (const planned of [toA, across]) {
      const { local, input } = await begin(planned);
      local.pollerLives = false;
      const { result, found } = await local.watch(local.run('move', input));
      expect([found, result]).toMatchObject([[], { status: 'SUCCEEDED', output: { outcome: 'done' } }]);
      coverage.add(local);
    }
  });

  it('looks again later where nobody can wait', async () => {
    const { local, input, start } = await begin(across);
    local.fault = (name, nth) => (name === 'await-target' && nth < 6 ? 'before' : undefined);
    // Waited for before the drain is over.
    const early = { ...input, drainedStamp: new Date((start + 30) * 1000).toISOString() };
    const { result, found } = await local.watch(local.run('move', early));
    expect([found, result]).toMatchObject([[], { status: 'SUCCEEDED', output: { outcome: 'done' } }]);
    expect(result.history.map(({ state }) => state)).toContain('LookUnusedLater');
  });

  it('looks at health again later where nobody can wait', async () => {
    const { local, input } = await begin(toA);
    local.fault = (name, nth) => (name === 'await-target' && nth === 0 ? 'before' : undefined);
    const { result } = await local.watch(local.run('move', input));
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done' } });
    expect(result.history.map(({ state }) => state)).toContain('LookHealthyLater');
  });
});

/** Calls of one function fail for good, or once. */
const failing = (called: Step, how: Fault, once: boolean) => (name: Step, nth: number) =>
  name === called && (!once || nth === 0) ? how : undefined;

describe('an injected failure', () => {
  const tasks: Step[] = ['claim-slice', 'await-target', 'activate-slice', 'commit-move', 'undo-move'];
  for (const how of ['before', 'after'] as const) {
    it.each(tasks.slice(0, -1))(`of %s, once, ${how}: the retry goes on`, async (task) => {
      const { local, input } = await begin(across);
      local.fault = failing(task, how, true);
      const { result, found } = await local.watch(local.run('move', input));
      expect(found).toEqual([]);
      expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done' } });
      expect((await local.store.get(ON_A))?.placement).toMatchObject(across.to);
    });

    it.each(tasks)(
      `of %s for good, ${how}: one owner throughout, and nothing held in the end`,
      async (task) => {
        const { local, world, input } = await begin(across);
        local.fault = failing(task, how, false);
        // The way back is only taken where something else has failed.
        if (task === 'undo-move') world.hosts.run = async () => ({ ok: false, error: 'exit code 1' });
        const { result, found } = await local.watch(local.run('move', input), input.holdUntil + 1);
        expect(found).toEqual([]);
        const abandoned = result.status === 'FAILED' && result.error === 'MoveAbandoned';
        expect(abandoned || result.status === 'SUCCEEDED').toBe(true);
        const { holder } = (await local.store.get(ON_A)) ?? {};
        // UndoMove cannot let go where it always fails before its work: the hold has run out then.
        if (task !== 'undo-move' || how === 'after') expect(holder).toBeUndefined();
        for (let round = 0; round < 3; round++) {
          const again = reconcile({ ...local.ports }, world.settings);
          expect((await local.watch(again, world.clock.now() + 61)).found).toEqual([]);
        }
        expect(['ready', 'active', undefined]).toContain((await local.store.get(ON_A))?.placement.kind);
      },
    );
  }

  it.each(['before', 'after'] as const)('of the way back once, %s: its retry goes on', async (how) => {
    const { local, input } = await begin(toA, { activationFailures: 1 });
    local.fault = failing('undo-move', how, true);
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'failed', step: 'activate' } });
    expect(await local.store.get(READY)).toMatchObject({ placement: { kind: 'ready' } });
    expect((await local.store.get(READY))?.holder).toBeUndefined();
  });

  it('of the way back for good lets go of the slice as it is, and says so', async () => {
    const { local, world, input } = await begin(toA, { activationFailures: 1 });
    // UndoMove and its two retries fail; LetGo does not.
    local.fault = (name, nth) => (name === 'undo-move' && nth < 3 ? 'before' : undefined);
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'FAILED', error: 'MoveAbandoned' });
    expect(world.clock.now()).toBeLessThan(input.holdUntil);
    expect((await local.store.get(READY))?.holder).toBeUndefined();
    expect(local.events.at(-1)).toMatchObject({ type: 'MoveFailed', detail: { left: 'unknown' } });
    expect(await recordOf(local)).toMatchObject({ outcome: 'failed' });
    expect((await local.watch(reconcile(local.ports, world.settings))).result.failures).toEqual([]);
    expect((await local.store.get(READY))?.placement.kind).toBe('ready');
  });

  it('of the commit brings the slice back through its drain', async () => {
    const { local, input } = await begin(toA);
    local.fault = failing('commit-move', 'before', false);
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { outcome: 'failed', step: 'commit', left: 'ready' } });
    expect(result.history.map(({ state }) => state)).toContain('AwaitWayBack');
  });

  it('of the look at health and of the wait on the way back', async () => {
    const { local, input } = await begin(toA);
    local.fault = (name) => (name === 'await-target' ? 'before' : undefined);
    const { result, found } = await local.watch(local.run('move', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { outcome: 'failed', step: 'health', left: 'ready' } });
    expect(result.history.map(({ state }) => state)).toContain('LookWayBackLater');
  });
});

it('the same execution twice moves once', async () => {
  const { local, input } = await begin(across);
  const both = Promise.all([local.run('move', input), local.run('move', input)]);
  const { result, found } = await local.watch(both, input.holdUntil + 1);
  expect(found).toEqual([]);
  expect(result.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  expect(await local.store.get(ON_A)).toMatchObject({ placement: across.to });
  expect((await local.store.get(ON_A))?.holder).toBeUndefined();
});

it('every state was entered, and every Catch taken', () => {
  // What hands slots over: move-state.test.ts.
  expect(coverage.missing('move').filter((one) => !one.includes('Slots'))).toEqual([]);
});
