import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../core/capacity/planner.ts';
import { Look, sizeOf } from './look.ts';
import { randomScene } from './random-scene.ts';
import {
  AT,
  forecastOf,
  many,
  running,
  type Scene,
  settingsOf,
  snapshotOf,
  steadyForecasts,
  stopped,
} from './scene.ts';

const RUNS = { numRuns: 250, seed: 11 };
const planned = (scene: Scene) => plan(scene.snapshot, scene.forecasts, scene.settings, AT);
const EPSILON = 1e-6;

/** Scenes with one instance type: with several, whether a slice fits is a question of its own. */
const equalScene = randomScene.filter(({ settings }) => settings.fleet.instanceTypes.length === 1);

/** Shards that the planner may move, that are awake, with what each must never be below. */
function awake(look: Look) {
  return look.shards.flatMap((shard) => {
    if (shard.mode !== 'active' || shard.forecast === undefined || shard.standby !== undefined) return [];
    const floor = Math.min(shard.guarantee, shard.max ?? look.scene.settings.fleet.max);
    const staying = look.active(shard.name).filter(({ id }) => !look.moved.has(id));
    return [{ ...shard, floor, after: look.after(shard.name), staying }];
  });
}

/** What is not there yet but on its way, in instances. */
function arriving({ scene, plan, running, held }: Look): number {
  const moves = new Set(plan.moves.map(({ slice }) => slice));
  const coming = scene.snapshot.instances.filter(
    (one) => one.state === 'starting' && one.into === 'running',
  ).length;
  const asked = scene.snapshot.openRequests.reduce((sum, { count }) => sum + count, 0);
  const draining = running
    .flatMap(({ slices }) => slices)
    .filter(
      ({ id, placement: { kind } }) =>
        (kind === 'draining' || (kind === 'active' && held.has(id))) && !moves.has(id),
    );
  const started = plan.fleet.reduce((sum, one) => sum + (one.kind === 'start' ? one.count : 0), 0);
  return coming + asked + sizeOf(draining) + started;
}

describe('under contention', () => {
  it('meets guarantees whenever the fleet’s size allows', () => {
    fc.assert(
      fc.property(equalScene, (scene) => {
        const look = new Look(scene, planned(scene));
        const { maxMovesPerTick, slicesPerInstance } = scene.settings.fleet;
        if (look.plan.moves.length >= maxMovesPerTick - 1) return;
        const shards = awake(look);
        const missing = shards.reduce((sum, { floor, after }) => sum + Math.max(0, floor - after), 0);
        if (missing < EPSILON || missing <= arriving(look) + EPSILON) return;
        // The fleet is at its maximum, no ready slice is left, and nobody has more than it must have.
        expect(look.size).toBe(scene.settings.fleet.max);
        const mayTake = shards.some(({ floor, after }) => after < floor);
        expect(mayTake && look.stayingReady.length > 0).toBe(false);
        for (const { floor, after, staying, name } of shards) {
          const spare = Math.min(after - floor, sizeOf(staying));
          expect(spare, `spare of ${name}`).toBeLessThan(1 / slicesPerInstance - EPSILON);
        }
      }),
      RUNS,
    );
  });

  it('gives nothing to a lower priority that a higher one surely needs', () => {
    fc.assert(
      fc.property(equalScene, (scene) => {
        const look = new Look(scene, planned(scene));
        const slice = 1 / scene.settings.fleet.slicesPerInstance;
        const shards = awake(look);
        for (const high of shards) {
          const most = high.max ?? scene.settings.fleet.max;
          const needs = Math.min(look.sure(high.name) / high.capacity.perInstance, most) - high.after;
          if (needs < slice) continue;
          for (const { to, from, reason } of look.plan.moves) {
            if (
              to.kind !== 'active' ||
              from.kind !== 'ready' ||
              reason.rule === 'mix' ||
              reason.rule === 'consolidate'
            )
              continue;
            const low = shards.find(({ name }) => name === to.shard);
            if (low === undefined || low.priority >= high.priority) continue;
            expect(reason.rule, `${to.shard} before ${high.name}`).toBe('guarantee');
          }
        }
      }),
      RUNS,
    );
  });

  it('leaves nothing with a lower priority that a higher one surely needs, once no start can help', () => {
    fc.assert(
      fc.property(equalScene, (scene) => {
        const look = new Look(scene, planned(scene));
        const { maxMovesPerTick, slicesPerInstance, max } = scene.settings.fleet;
        const slice = 1 / slicesPerInstance;
        if (look.plan.moves.length >= maxMovesPerTick - 1 || look.size < max || arriving(look) > 0) return;
        const shards = awake(look);
        for (const high of shards) {
          const sure = Math.min(look.sure(high.name) / high.capacity.perInstance, high.max ?? max);
          if (sure - high.after < slice) continue;
          for (const low of shards.filter(({ priority }) => priority < high.priority)) {
            const spare = Math.min(low.after - low.floor, sizeOf(low.staying));
            expect(spare, `${low.name} below ${high.name}`).toBeLessThan(slice - EPSILON);
          }
        }
      }),
      RUNS,
    );
  });

  it('serves a surge from the pool, then from who gives back, then by pre-emption', () => {
    const settings = settingsOf([{ priority: 200 }, { priority: 100 }, { priority: 10 }], { max: 12 });
    const fleet = [
      ...many(2, () => running(settings, ['active a'])),
      ...many(4, () => running(settings, ['active b'])),
      ...many(4, () => running(settings, ['active c'])),
      ...many(2, () => running(settings, ['ready'])),
    ];
    // b falls to one instance, c needs all it has, a needs nine: 2 + 2 ready + 3 of b + 2 of c.
    const forecasts = steadyForecasts(settings, [895, 80, 390], 0);
    const { moves, fleet: actions } = planned({ settings, forecasts, snapshot: snapshotOf(fleet) });
    expect(moves.map(({ from, to, reason }) => [from, to, reason.rule])).toEqual([
      ...many2(2, [{ kind: 'ready' }, { kind: 'active', shard: 'a' }, 'forecast']),
      ...many2(3, [{ kind: 'active', shard: 'b' }, { kind: 'active', shard: 'a' }, 'forecast']),
      ...many2(2, [{ kind: 'active', shard: 'c' }, { kind: 'active', shard: 'a' }, 'pre-emption']),
    ]);
    expect(actions.filter(({ kind }) => kind === 'start')).toEqual([]);
  });

  it('starts instead of pre-empting while the warm pool has what it takes', () => {
    const settings = settingsOf([{ priority: 200 }, { priority: 10 }], { max: 12 });
    const fleet = [
      ...many(2, () => running(settings, ['active a'])),
      ...many(4, () => running(settings, ['active b'])),
      ...many(4, () => stopped(settings)),
    ];
    const forecasts = steadyForecasts(settings, [395, 390], 0);
    const made = planned({ settings, forecasts, snapshot: snapshotOf(fleet) });
    expect(made.moves).toEqual([]);
    expect(made.fleet[0]).toMatchObject({ kind: 'start', group: 'steady', count: 2 });
  });

  it('pre-empts even a higher priority for a guarantee, and says that one is at risk when nobody can give', () => {
    const settings = settingsOf(
      [
        { priority: 200, guarantee: 1 },
        { priority: 10, guarantee: 2 },
      ],
      { max: 3 },
    );
    const taken = many(3, () => running(settings, ['active a']));
    const forecasts = new Map([
      ['a', forecastOf('a', settings, 290)],
      ['b', forecastOf('b', settings, 0)],
    ]);
    const made = planned({ settings, forecasts, snapshot: snapshotOf(taken) });
    expect(made.moves.map(({ to, reason }) => [to, reason.rule])).toEqual(
      many2(2, [{ kind: 'active', shard: 'b' }, 'pre-emption']),
    );
    expect(made.findings.map(({ kind }) => kind)).not.toContain('GuaranteeAtRisk');
    const none = planned({ settings, forecasts, snapshot: snapshotOf(taken.slice(0, 1), { held: [] }) });
    expect(none.findings).toContainEqual({ kind: 'GuaranteeAtRisk', shard: 'b', guarantee: 2, have: 0 });
  });
});

function many2<T>(count: number, value: T): T[] {
  return new Array<T>(count).fill(value);
}
