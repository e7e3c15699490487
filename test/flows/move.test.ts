import { describe, expect, it } from 'vitest';
import { runMove } from '../../flows/move.ts';
import { moveInput } from '../../flows/move-input.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { watch } from '../world/invariants.ts';
import { failing, move, ON_A, READY, stage } from './stage.ts';

const toA = move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' });
const home = move(ON_A, { kind: 'active', shard: 'a' }, { kind: 'ready' });
const across = move(ON_A, { kind: 'active', shard: 'a' }, { kind: 'active', shard: 'b' });
const cases = [
  { name: 'ready → a', planned: toA, takes: 10 },
  { name: 'a → ready', planned: home, takes: 60 },
  { name: 'a → b', planned: across, takes: 70 },
  {
    name: 'a → reserved',
    planned: move(ON_A, { kind: 'active', shard: 'a' }, { kind: 'reserved', shard: 'b', until: 1e10 }),
    takes: 60,
  },
];

async function begin(planned = toA) {
  const world = await stage();
  const { settings, clock, store } = world;
  const { version = 0 } = (await store.get(planned.slice)) ?? {};
  return { world, start: clock.now(), input: moveInput(planned, version, clock.now(), settings) };
}

describe('a move', () => {
  for (const { name, planned, takes } of cases) {
    it(`${name} takes ${takes} s and ends where it should`, async () => {
      const { world, start, input } = await begin(planned);
      const events: string[] = [];
      world.events.listener = ({ type }) => events.push(type);
      const work = runMove(world.ports, input);
      expect(await watch(world, start + takes)).toEqual([]);
      expect(await work).toEqual({ outcome: 'done', at: start + takes });
      expect(await world.store.get(planned.slice)).toMatchObject({ placement: planned.to });
      expect((await world.store.get(planned.slice))?.holder).toBeUndefined();
      const serves = planned.to.kind === 'active' ? 'healthy' : 'unused';
      const shard = planned.to.kind === 'active' ? planned.to.shard : 'a';
      expect(await world.loadBalancer.health(shard, planned.slice)).toBe(serves);
      expect(events).toEqual(['SliceMoved']);
    });
  }

  it('is dropped when the slice has changed since the plan, and touches nothing', async () => {
    const { world, input } = await begin();
    const before = await world.store.get(READY);
    const late = { ...input, version: input.version - 1 };
    expect(await world.clock.settle(runMove(world.ports, late))).toEqual({ outcome: 'lost-claim' });
    expect(await world.store.get(READY)).toEqual(before);
  });

  it('goes back where the activation fails, and frees the slice', async () => {
    const world = await stage({}, { activationFailures: 1 });
    const { version = 0 } = (await world.store.get(READY)) ?? {};
    const input = moveInput(toA, version, world.clock.now(), world.settings);
    const result = await world.clock.settle(runMove(world.ports, input));
    expect(result).toMatchObject({ outcome: 'failed', step: 'activate', left: 'ready' });
    expect((await world.store.get(READY))?.placement.kind).toBe('ready');
  });

  it('retires an instance that does not get healthy by the deadline', async () => {
    const { world, input } = await begin();
    world.sicken('i-00000002');
    const work = runMove(world.ports, input);
    expect(await watch(world, input.healthyBy + 1)).toEqual([]);
    expect(await work).toMatchObject({ outcome: 'failed', step: 'health', left: 'stuck' });
    expect(world.fleet.get('i-00000002')).toBeUndefined();
    expect(await world.store.get(READY)).toBeUndefined();
  });

  it('ends when its instance ends in the middle', async () => {
    const { world, start, input } = await begin(across);
    const work = runMove(world.ports, input);
    expect(await watch(world, start + 62)).toEqual([]);
    world.fail('i-00000000');
    expect(await watch(world, start + 80)).toEqual([]);
    expect(await work).toMatchObject({ outcome: 'failed', left: 'gone' });
  });

  it('that is run twice at once leaves one owner', async () => {
    for (const { planned } of cases) {
      const { world, input } = await begin(planned);
      const both = Promise.all([runMove(world.ports, input), runMove(world.ports, input)]);
      expect(await watch(world, input.holdUntil)).toEqual([]);
      expect((await both).map(({ outcome }) => outcome)).toContain('done');
      expect((await world.store.get(planned.slice))?.holder).toBeUndefined();
    }
  });
});

describe('a move that fails at any call', () => {
  for (const { name, planned } of cases) {
    for (const how of ['before', 'after', 'dead'] as const) {
      it(`${name}, ${how}: the slice has one owner throughout, and is settled in the end`, async () => {
        let calls = 1;
        for (let at = 0; at < calls; at++) {
          const { world, input } = await begin(planned);
          const ports = failing(world.ports, at, how);
          const work = runMove(ports, input);
          const found = await watch(world, input.healthyBy);
          // Reconciliation as it is scheduled, and once more after the last drain.
          for (const wait of [0, 60, 120, 240, 400, 480]) {
            found.push(...(await watch(world, input.healthyBy + wait)));
            expect((await reconcile(world.ports, world.settings)).failures).toEqual([]);
          }
          expect(found, `call ${at}`).toEqual([]);
          const result = await work;
          if (at === 0) calls = ports.calls() + 30;
          const last = await world.store.get(planned.slice);
          const settled = last === undefined ? 'gone' : last.placement.kind;
          expect(['ready', 'active', 'reserved', 'gone'], `call ${at}: ${JSON.stringify(result)}`).toContain(
            settled,
          );
          expect(last?.holderExpires ?? 0, `call ${at}`).toBeLessThan(world.clock.now());
          if (result.outcome === 'done') {
            expect(last?.placement).toMatchObject(planned.to);
            if (ports.calls() <= at) break;
          }
        }
      });
    }
  }
});
