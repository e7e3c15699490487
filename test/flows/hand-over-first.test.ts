import { describe, expect, it } from 'vitest';
import { reconcile } from '../../flows/reconcile.ts';
import { keepSlots } from '../../flows/slots.ts';
import type { Given } from '../../flows/snapshot.ts';
import { type Stateful, stateful } from '../statemachines/stateful.ts';

/** What holds state is handed over before it is taken out: a minute is one reconciliation, with agents that beat. */

const instanceOf = (slice: string) => slice.slice(0, slice.indexOf(':'));
const typesOf = ({ local }: Stateful) => local.events.map(({ type }) => type);

async function reconciled({ local, world }: Stateful, given: Partial<Given> = {}) {
  const { result } = await local.watch(reconcile(local.ports, world.settings, given));
  return result;
}

async function sick(serves: number, spare: number) {
  const stage = await stateful(serves, spare);
  const [source = ''] = stage.serving;
  stage.world.sicken(instanceOf(source));
  return { ...stage, source };
}

/** All hand-overs that were started come to their end. */
const ended = ({ local }: Stateful) => local.watch(Promise.all(local.started.values()));

describe('an unhealthy slice with state', () => {
  it('hands its slots over before it is taken out, and its instance goes', async () => {
    const stage = await sick(1, 1);
    const { local, world, source, ready } = stage;
    expect(await reconciled(stage)).toMatchObject({
      retired: [instanceOf(source)],
      evicted: [],
      failures: [],
    });
    expect(await local.store.get(source)).toMatchObject({ placement: { kind: 'active' } });
    expect(world.fleet.get(instanceOf(source))).toMatchObject({ state: 'draining', to: 'retired' });
    expect((await ended(stage)).found).toEqual([]);
    expect(new Set(await stage.holders())).toEqual(new Set(ready));
    expect(await local.store.get(ready[0]!)).toMatchObject({ placement: { kind: 'active', shard: 'a' } });
    expect((await local.store.get(source))?.placement.kind ?? 'gone').not.toBe('active');
    await keepSlots(local.ports, world.settings, {});
    expect(typesOf(stage)).not.toContain('SlotStateLost');
  });

  it('is asked again while nobody can take over, and goes the standard way when the time is over', async () => {
    const stage = await sick(1, 0);
    const { local, world, source } = stage;
    await reconciled(stage);
    await ended(stage);
    expect(typesOf(stage)).toContain('HandOverFailed');
    for (let minute = 0; minute < 5; minute++) {
      await world.runUntil(world.clock.now() + 60);
      expect(await reconciled(stage)).toMatchObject({ evicted: [], retired: [] });
      await ended(stage);
    }
    expect(local.started.size).toBeGreaterThan(3);
    await world.runUntil(world.clock.now() + 20 * 60);
    const tries = local.started.size;
    expect(await reconciled(stage)).toMatchObject({ evicted: [source] });
    expect(local.started.size).toBe(tries);
    expect((await local.store.get(source))?.placement.kind).not.toBe('active');
  });

  it('is let go of when a copy does not get through in time', async () => {
    const stage = await sick(1, 1);
    const { local, world, source, agents } = stage;
    agents.copy = 24 * 3600;
    await reconciled(stage);
    const by = world.clock.now() + world.settings.fleet.leadTimes.cold.seconds + 5 * 60;
    await ended(stage);
    expect(world.clock.now()).toBeGreaterThanOrEqual(by);
    expect(world.clock.now()).toBeLessThan(by + 30);
    expect(await local.store.get(source)).toMatchObject({ placement: { kind: 'active' } });
    expect(await reconciled(stage)).toMatchObject({ evicted: [source] });
  });

  it('goes the standard way where its agent is silent', async () => {
    const stage = await sick(1, 1);
    const { local, world, source, agents } = stage;
    agents.dead.add(instanceOf(source));
    await world.runUntil(world.clock.now() + 40);
    expect(await reconciled(stage)).toMatchObject({ evicted: [source], retired: [instanceOf(source)] });
    expect(local.started.size).toBe(0);
  });

  it('is the only one of its shard that leaves where all are unhealthy', async () => {
    const stage = await sick(2, 1);
    const { local, serving } = stage;
    for (const slice of serving) stage.world.sicken(instanceOf(slice));
    expect((await reconciled(stage)).retired).toHaveLength(1);
    expect((await reconciled(stage)).retired).toEqual([]);
    const places = await Promise.all(serving.map((slice) => local.store.get(slice)));
    expect(places.map((item) => item?.placement.kind)).toEqual(['active', 'active']);
  });

  it('of a part of a machine goes alone: handed over where somebody can take over, else at once', async () => {
    for (const spare of [1, 0]) {
      const stage = await sick(1, spare);
      const { local, world, source } = stage;
      const layouts = new Map([[instanceOf(source), [{ port: 8080, part: 1, use: 'planned' } as const]]]);
      const result = await reconciled(stage, { layouts });
      expect(result).toMatchObject({ retired: [], evicted: spare === 0 ? [source] : [] });
      expect(local.started.size).toBe(spare);
      await ended(stage);
      expect(world.fleet.get(instanceOf(source))?.state).toBe('running');
      if (spare === 1) expect(new Set(await stage.holders())).toEqual(new Set(stage.ready));
    }
  });

  it('of a part of a machine is not asked again when its hand-over has just failed', async () => {
    const stage = await sick(1, 1);
    const { source, agents, local } = stage;
    agents.fails = () => 'no answer from its hooks';
    const layouts = new Map([[instanceOf(source), [{ port: 8080, part: 1, use: 'planned' } as const]]]);
    await reconciled(stage, { layouts });
    await ended(stage);
    // What was to take over goes home first.
    await reconciled(stage, { layouts });
    expect(await reconciled(stage, { layouts })).toMatchObject({ evicted: [source] });
    expect(local.started.size).toBe(1);
  });
});

it('a slice whose instance leaves for another reason is handed over too', async () => {
  const stage = await stateful(1, 1);
  const { world, local, serving } = stage;
  const [source = ''] = serving;
  await world.fleet.retire(instanceOf(source));
  expect(await reconciled(stage)).toMatchObject({ evicted: [], recovered: [] });
  expect(local.started.size).toBe(1);
  await ended(stage);
  expect(new Set(await stage.holders())).toEqual(new Set(stage.ready));
});
