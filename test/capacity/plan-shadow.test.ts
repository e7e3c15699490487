import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Settings } from '../../core/settings/schema.ts';
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
} from './scene.ts';

const planned = (scene: Scene) => plan(scene.snapshot, scene.forecasts, scene.settings, AT);
const effects = ({ moves, fleet, desired, pool }: Plan) => ({ moves, fleet, desired, pool });
const ARN = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/own/0123456789abcdef';
const shadowOf = ({ shards }: Plan, name: string) => shards.find(({ shard }) => shard === name)!;

describe('a shard in shadow', () => {
  it('changes nothing of what the others get: the plan is the one without its forecast', () => {
    fc.assert(
      fc.property(randomScene, (scene) => {
        const shadow = new Set(
          scene.settings.shards.filter(({ mode }) => mode === 'shadow').map(({ name }) => name),
        );
        const blind = new Map([...scene.forecasts].filter(([name]) => !shadow.has(name)));
        expect(effects(planned(scene))).toEqual(effects(planned({ ...scene, forecasts: blind })));
      }),
      { numRuns: 200, seed: 9 },
    );
  });

  it('is planned as if it were active, as far as the sizing goes', () => {
    const settings = settingsOf([{ mode: 'shadow' }, {}]);
    const fleet = [
      ...many(2, () => running(settings, ['active a'])),
      ...many(9, () => running(settings, ['ready'])),
    ];
    const forecasts = steadyForecasts(settings, [450, 0]);
    const made = plan(snapshotOf(fleet), forecasts, settings, AT);
    const active = plan(snapshotOf(fleet, { modes: { a: 'active' } }), forecasts, settings, AT);
    expect(shadowOf(made, 'a')).toMatchObject({ mode: 'shadow', have: 200 });
    expect(shadowOf(made, 'a').want).toBe(shadowOf(active, 'a').want);
    expect(shadowOf(made, 'a').want).toBeGreaterThan(450);
    expect(shadowOf(made, 'a').reason).toMatchObject({
      rule: 'forecast',
      forecast: { median: 450 },
      have: 200,
      need: 300,
    });
    expect(made.moves.filter(({ to }) => to.kind === 'active' && to.shard === 'a')).toEqual([]);
  });

  it('says what it would give back, and nothing where it would stay as it is', () => {
    const settings = settingsOf([{ mode: 'shadow' }, { mode: 'shadow' }]);
    const fleet = [
      ...many(6, () => running(settings, ['active a'])),
      ...many(2, () => running(settings, ['active b'])),
    ];
    const made = plan(snapshotOf(fleet), steadyForecasts(settings, [90, 150], 0.01), settings, AT);
    expect(shadowOf(made, 'a')).toMatchObject({ have: 600, want: 100, reason: { rule: 'release' } });
    expect(shadowOf(made, 'b')).toMatchObject({ have: 200, want: 200 });
    expect(shadowOf(made, 'b').reason).toBeUndefined();
    expect(effects(made)).toMatchObject({ moves: [], fleet: [] });
  });

  it('counts what others registered in a target group that it keeps', () => {
    const settings = settingsOf([{ mode: 'shadow', targetGroup: ARN }, { mode: 'shadow' }]);
    const measured = ['a', 'b'].map((shard) => ({ shard, time: AT - 60, load: 300, healthyHosts: 4 }));
    const made = plan(
      snapshotOf([], { measured }),
      steadyForecasts(settings, [350, 350], 0.01),
      settings,
      AT,
    );
    expect(shadowOf(made, 'a')).toMatchObject({ have: 400, want: 400 });
    // A group that we would make has none but ours.
    expect(shadowOf(made, 'b')).toMatchObject({ have: 0, want: 400, reason: { rule: 'guarantee' } });
  });

  it('does not count its own slices in such a group twice', () => {
    const settings: Settings = settingsOf([{ mode: 'shadow', targetGroup: ARN }]);
    const measured = [{ shard: 'a', time: AT - 60, load: 300, healthyHosts: 3 }];
    const snapshot = snapshotOf([running(settings, ['active a'])], { measured });
    const made = plan(snapshot, new Map([['a', forecastOf('a', settings, 280)]]), settings, AT);
    expect(shadowOf(made, 'a')).toMatchObject({ have: 300, want: 300 });
  });
});
