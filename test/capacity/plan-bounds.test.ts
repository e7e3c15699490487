import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Move, Plan } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { Look } from './look.ts';
import { randomScene } from './random-scene.ts';
import { AT, many, running, type Scene, settingsOf, snapshotOf, steadyForecasts } from './scene.ts';

const planned = (scene: Scene) => plan(scene.snapshot, scene.forecasts, scene.settings, AT);
const touches = ({ from, to }: Move, shard: string) =>
  [from, to].some((end) => end.kind !== 'ready' && end.shard === shard);
const movesOf = ({ moves }: Plan, shard: string) => moves.filter((move) => touches(move, shard));
const EARLY = ['guarantee', 'replace', 'pre-emption'];

function bounded(settings: Settings, bounds: readonly number[]): Settings {
  const shards = settings.shards.map((shard, s) => ({ ...shard, maxMovesPerTick: bounds[s]! }));
  return { ...settings, shards };
}

const boundedScene = fc
  .tuple(randomScene, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 }))
  .map(([scene, bounds]) => ({ ...scene, settings: bounded(scene.settings, bounds) }));

describe('the bound of a shard’s moves', () => {
  it('is kept by every plan', () => {
    fc.assert(
      fc.property(boundedScene, (scene) => {
        const made = planned(scene);
        for (const { name, maxMovesPerTick = 0 } of scene.settings.shards)
          expect(movesOf(made, name).length).toBeLessThanOrEqual(maxMovesPerTick);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it('leaves room for what a guarantee needs before anything else of the shard', () => {
    fc.assert(
      fc.property(boundedScene, (scene) => {
        const look = new Look(scene, planned(scene));
        for (const { name, mode, guarantee, max = scene.settings.fleet.max, standby } of look.shards) {
          if (mode !== 'active' || standby !== undefined) continue;
          const mine = movesOf(look.plan, name).filter(({ to }) => to.kind === 'active' && to.shard === name);
          if (mine.some(({ reason }) => reason.rule === 'forecast'))
            expect(look.after(name)).toBeGreaterThanOrEqual(Math.min(guarantee, max) - 1e-6);
        }
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('takes what the shard needs over the next plans, guarantee first, and is not called an exhausted pool', () => {
    const settings = settingsOf([{ guarantee: 2, maxMovesPerTick: 3 }, {}]);
    const fleet = many(8, () => running(settings, ['ready']));
    const made = plan(snapshotOf(fleet), steadyForecasts(settings, [550, 0]), settings, AT);
    expect(movesOf(made, 'a').map(({ reason }) => reason.rule)).toEqual([
      'guarantee',
      'guarantee',
      'forecast',
    ]);
    expect(made.shards[0]).toMatchObject({ have: 0, want: expect.closeTo(600, -2) });
    expect(made.shards[0]?.want).toBeGreaterThan(500);
    expect(made.findings).toEqual([]);
  });

  it('keeps an expired reservation from taking the place of a guarantee', () => {
    const settings = settingsOf([{ guarantee: 1, maxMovesPerTick: 1 }, {}]);
    const fleet = [running(settings, ['expired a']), running(settings, ['ready'])];
    const made = plan(snapshotOf(fleet), steadyForecasts(settings, [0, 0]), settings, AT);
    expect(movesOf(made, 'a').map(({ reason }) => reason.rule)).toEqual(['guarantee']);
  });

  it('spares an owner at its bound from pre-emption', () => {
    const settings = settingsOf(
      [
        { guarantee: 3, priority: 900 },
        { priority: 1, guarantee: 0, maxMovesPerTick: 1 },
      ],
      { max: 4 },
    );
    const fleet = many(4, () => running(settings, ['active b']));
    const made = plan(snapshotOf(fleet), steadyForecasts(settings, [10, 390]), settings, AT);
    expect(made.moves.map(({ reason }) => reason.rule)).toEqual(['pre-emption']);
    expect(EARLY).toContain(made.moves[0]?.reason.rule);
  });
});
