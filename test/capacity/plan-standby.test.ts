import { describe, expect, it } from 'vitest';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import type { Plan } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import { createForecaster } from '../../core/forecast/create.ts';
import type { Instance } from '../../core/shards/instance.ts';
import { AT, factsOf, forecastOf, many, running, settingsOf, snapshotOf, steadyForecasts } from './scene.ts';
import { play } from './step.ts';

const settings = settingsOf([
  {},
  { guarantee: 1, standby: { instances: 2, wakeAbove: 5, sleepAfter: 1800 } },
]);
const asleep = (): Instance => ({ ...factsOf(settings, {}), state: 'standby', shard: 'b' });
const base = () => many(2, () => running(settings, ['active a']));
const kinds = ({ fleet }: Plan) => fleet.map(({ kind }) => kind);

describe('a cold standby shard', () => {
  it('sleeps while nothing calls for it: no guarantee, no instance', () => {
    const { fleet, moves, findings } = plan(
      snapshotOf([...base(), asleep(), asleep()]),
      steadyForecasts(settings, [150, 3]),
      settings,
      AT,
    );
    expect({ fleet, moves, findings }).toEqual({ fleet: [], moves: [], findings: [] });
  });

  it('is woken before its load comes, by as many instances as the load needs', () => {
    const rising = (ahead: number) => (ahead >= 120 ? 180 : 0);
    const forecasts = new Map([
      ['a', forecastOf('a', settings, 150)],
      ['b', forecastOf('b', settings, rising)],
    ]);
    const fleet = [...base(), asleep(), asleep(), asleep()];
    const made = plan(snapshotOf(fleet), forecasts, settings, AT);
    const wakes = made.fleet.filter(({ kind }) => kind === 'wake');
    expect(wakes).toHaveLength(2);
    expect(wakes[0]).toMatchObject({ instance: fleet[2]!.id, shard: 'b', reason: { rule: 'wake' } });
    expect(made.moves).toEqual([]);
  });

  it('does not get up for what is hours away', () => {
    const far = (ahead: number) => (ahead > 3000 ? 180 : 0);
    const forecasts = new Map([
      ['a', forecastOf('a', settings, 150)],
      ['b', forecastOf('b', settings, far)],
    ]);
    expect(kinds(plan(snapshotOf([...base(), asleep(), asleep()]), forecasts, settings, AT))).toEqual([]);
  });

  it('is woken by an event of the calendar', () => {
    const start = new Date((AT + 120) * 1000).toISOString();
    const end = new Date((AT + 3900) * 1000).toISOString();
    const calendar = [{ name: 'opening', shards: ['b'], start, end, load: 90 }];
    const known = settingsOf(settings.shards, settings.fleet, { calendar });
    const forecaster = createForecaster(known, 'b');
    for (let time = AT - 7200; time < AT; time += 60) forecaster.observe({ time, load: 0 });
    const forecasts = new Map([
      ['a', forecastOf('a', known, 150)],
      ['b', forecaster.forecast(AT, planningHorizons(known))],
    ]);
    const made = plan(snapshotOf([...base(), asleep()]), forecasts, known, AT);
    expect(made.fleet).toContainEqual(expect.objectContaining({ kind: 'wake', shard: 'b' }));
  });

  it('wakes no more than the fleet has room for', () => {
    const small = settingsOf(settings.shards, { ...settings.fleet, max: 3 });
    const forecasts = steadyForecasts(small, [150, 290]);
    const made = plan(snapshotOf([...base(), asleep(), asleep()]), forecasts, small, AT);
    expect(kinds(made).filter((kind) => kind === 'wake' || kind === 'start')).toEqual(['wake']);
  });

  it('takes ready slices too when the load is already there', () => {
    const fleet = [...base(), asleep(), running(settings, ['ready'])];
    const made = plan(snapshotOf(fleet), steadyForecasts(settings, [150, 90]), settings, AT);
    expect(made.moves.map(({ to }) => to)).toEqual([{ kind: 'active', shard: 'b' }]);
    expect(kinds(made)).toContain('wake');
  });

  it('has instances started for it where none is to spare, which are then powered down', () => {
    const { plans, end } = play(snapshotOf([...base(), asleep()]), settings, 30, () =>
      steadyForecasts(settings, [150, 0]),
    );
    const actions = plans.flatMap(({ fleet }) => fleet);
    expect(actions.filter(({ kind }) => kind === 'start')).toMatchObject([
      { group: 'steady', count: 1, reason: { rule: 'sleep' } },
    ]);
    expect(actions.filter(({ kind }) => kind === 'release')).toMatchObject([{ to: 'standby', shard: 'b' }]);
    expect(end.instances.filter(({ state }) => state === 'standby')).toHaveLength(2);
    expect(plans.at(-1)).toMatchObject({ moves: [], fleet: [] });
  });

  it('has none started where the ready pool may hold no more', () => {
    const full = { ...settings, readyPool: { target: 1, max: 1 } };
    const fleet = [...base(), running(full, ['ready'])];
    expect(plan(snapshotOf(fleet), steadyForecasts(full, [150, 0]), full, AT).fleet).toEqual([]);
  });

  it('serves while there is load, then is powered down again with as many instances as it had', () => {
    const load = (tick: number) => (ahead: number) => {
      const minute = tick + ahead / 60;
      return minute >= 15 && minute < 25 ? 180 : 0;
    };
    const { plans, end } = play(
      snapshotOf([...base(), asleep(), asleep()]),
      settings,
      60,
      (_, tick) =>
        new Map([
          ['a', forecastOf('a', settings, 150)],
          ['b', forecastOf('b', settings, load(tick), 0.02)],
        ]),
    );
    expect(plans.flatMap(kinds).filter((kind) => kind === 'wake')).toHaveLength(2);
    const released = plans.flatMap(({ fleet }) => fleet.filter(({ kind }) => kind === 'release'));
    expect(released).toMatchObject([
      { to: 'standby', shard: 'b', reason: { rule: 'sleep' } },
      { to: 'standby', shard: 'b', reason: { rule: 'sleep' } },
    ]);
    expect(end.instances.filter(({ state }) => state === 'standby')).toHaveLength(2);
    expect(end.instances.filter(({ state }) => state === 'running')).toHaveLength(2);
    expect(plans.at(-1)).toMatchObject({ moves: [], fleet: [] });
  });

  it('does not lie down for a lull that is shorter than its patience', () => {
    const lull = (tick: number) => (ahead: number) => (tick < 10 || ahead >= 1200 ? 90 : 0);
    const { plans } = play(
      snapshotOf([running(settings, ['active b']), ...base()]),
      settings,
      20,
      (_, tick) =>
        new Map([
          ['a', forecastOf('a', settings, 150)],
          ['b', forecastOf('b', settings, lull(tick))],
        ]),
    );
    expect(plans.flatMap(({ moves, fleet }) => [...moves, ...fleet])).toEqual([]);
  });

  it('in hold is neither woken nor put to sleep', () => {
    const modes = { b: 'hold' } as const;
    const up = plan(
      snapshotOf([...base(), asleep()], { modes }),
      steadyForecasts(settings, [150, 90]),
      settings,
      AT,
    );
    const down = plan(
      snapshotOf([...base(), running(settings, ['active b'])], { modes }),
      steadyForecasts(settings, [150, 0]),
      settings,
      AT,
    );
    expect([...up.fleet, ...up.moves, ...down.fleet, ...down.moves]).toEqual([]);
  });
});
