import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Forecast } from '../../core/forecast/forecast.ts';
import { Look } from './look.ts';
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

const NONE: ReadonlyMap<string, Forecast> = new Map();
const planned = (scene: Scene) => plan(scene.snapshot, scene.forecasts, scene.settings, AT);
const kinds = ({ fleet }: Plan) => fleet.map((one) => ('count' in one ? [one.kind, one.count] : [one.kind]));
const old = (forecast: Forecast, age: number): Forecast => ({ ...forecast, madeAt: AT - age });

describe('where a forecast is missing or old', () => {
  it('a new fleet starts with each guarantee served', () => {
    const settings = settingsOf([{ guarantee: 2 }, { guarantee: 1 }, { guarantee: 0 }]);
    const made = plan(snapshotOf([]), NONE, settings, AT);
    expect(kinds(made)).toEqual([['start', 3]]);
    expect(made.desired.steady).toBe(3);
    expect(made.shards.map(({ want }) => want)).toEqual([200, 100, 0]);
    const up = snapshotOf(many(3, () => running(settings, ['ready'])));
    const next = plan(up, NONE, settings, AT);
    expect(next.moves.map(({ to, reason }) => [to, reason.rule])).toEqual([
      [{ kind: 'active', shard: 'a' }, 'guarantee'],
      [{ kind: 'active', shard: 'a' }, 'guarantee'],
      [{ kind: 'active', shard: 'b' }, 'guarantee'],
    ]);
    expect(next.moves[0]?.reason.forecast).toBeUndefined();
    expect(next.fleet).toEqual([]);
  });

  it('no shard gets smaller', () => {
    const ages = fc.array(fc.constantFrom(undefined, 0, 899, 901, 5000), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(randomScene, ages, (scene, by) => {
        const forecasts = new Map(
          [...scene.forecasts].flatMap(([name, one], i) =>
            by[i] === undefined ? [] : [[name, old(one, by[i])] as const],
          ),
        );
        const look = new Look({ ...scene, forecasts }, planned({ ...scene, forecasts }));
        for (const { name, mode } of look.shards) {
          const known = forecasts.get(name);
          if (mode !== 'active' || (known !== undefined && AT - known.madeAt! <= 900)) continue;
          for (const { from, to, reason } of look.plan.moves)
            if (from.kind === 'active' && from.shard === name && to.kind === 'ready')
              expect(reason.rule).toBe('interruption');
        }
      }),
      { numRuns: 200, seed: 13 },
    );
  });

  it('a shard keeps what it has, says so, and still gets what an old forecast knows to come', () => {
    const settings = settingsOf([{}, {}, {}]);
    const fleet = [
      ...many(4, () => running(settings, ['active a'])),
      ...many(2, () => running(settings, ['active b'])),
      ...many(3, () => running(settings, ['ready'])),
    ];
    const measured = ['a', 'b', 'c'].map((shard) => ({ shard, time: AT - 60, load: 50 }));
    const forecasts = new Map([
      ['b', old(forecastOf('b', settings, 290), 1000)],
      ['c', old(forecastOf('c', settings, 50), 900)],
    ]);
    const made = plan(snapshotOf(fleet, { measured }), forecasts, settings, AT);
    expect(made.shards.map(({ want }) => want)).toEqual([400, 300, 100]);
    expect(made.findings).toEqual([
      { kind: 'ForecastLate', shard: 'a', age: Number.POSITIVE_INFINITY },
      { kind: 'ForecastLate', shard: 'b', age: 1000 },
    ]);
  });

  it('a forecast that was just made from old load is old, unless the settings make it seldom', () => {
    const fleet = many(4, () => running(settingsOf([{}]), ['active a']));
    const wantOf = (rest: object, knownFor: number) => {
      const settings = settingsOf([{}], {}, rest);
      const forecast = { ...forecastOf('a', settings, 90, 0.01), knownUntil: AT - knownFor };
      const made = plan(snapshotOf(fleet), new Map([['a', forecast]]), settings, AT);
      return [made.shards[0]?.want, ...made.findings.map((one) => 'age' in one && one.age)];
    };
    expect(wantOf({}, 1020)).toEqual([100]);
    expect(wantOf({}, 1021)).toEqual([400, 1021]);
    expect(wantOf({ forecast: { every: 1800 } }, 1021)).toEqual([100]);
    expect(wantOf({ metrics: { delay: 60, every: 300 } }, 1021)).toEqual([100]);
    expect(wantOf({}, Number.POSITIVE_INFINITY)).toEqual([400, Number.POSITIVE_INFINITY]);
  });

  it('load is late when it is older than its source and the settings explain', () => {
    const late = (metrics: object, age: number) => {
      const settings = settingsOf([{}], {}, { metrics });
      const measured = [{ shard: 'a', time: AT - age, load: 1 }];
      const { findings } = plan({ ...snapshotOf([]), measured }, NONE, settings, AT);
      return findings.filter(({ kind }) => kind === 'LoadLate');
    };
    expect(late({ source: 'cloudwatch' }, 240)).toEqual([]);
    expect(late({ source: 'cloudwatch' }, 241)).toEqual([{ kind: 'LoadLate', shard: 'a', age: 241 }]);
    expect(late({ source: 'reporter' }, 181)).toHaveLength(1);
    expect(late({ source: 'cloudwatch', every: 300 }, 480)).toEqual([]);
    expect(late({ delay: 120 }, 300)).toEqual([]);
  });

  it('what goes away is replaced', () => {
    const settings = settingsOf([{}]);
    const fleet = [
      running(settings, ['active a']),
      running(settings, ['active a'], { rebalanceAt: AT - 30 }),
      running(settings, ['ready']),
    ];
    const [move] = plan(snapshotOf(fleet), NONE, settings, AT).moves;
    expect(move?.to).toEqual({ kind: 'active', shard: 'a' });
  });

  it('nothing that runs or is stopped is given up as long as nothing is known', () => {
    const settings = settingsOf([{}, {}], {}, { readyPool: { max: 1 } });
    const fleet = [
      ...many(2, () => running(settings, ['active a'])),
      ...many(5, () => running(settings, ['ready'])),
      ...many(9, () => stopped(settings)),
      running(settings, ['active b']),
    ];
    expect(plan(snapshotOf(fleet), NONE, settings, AT).fleet).toEqual([]);
    // With forecasts the same fleet is too large.
    const known = plan(snapshotOf(fleet), steadyForecasts(settings, [50, 50]), settings, AT);
    expect(known.fleet.length).toBeGreaterThan(2);
  });
});

describe('in hold', () => {
  const settings = settingsOf(
    [{ mode: 'hold' }, { mode: 'hold' }],
    { spotShare: 0.5 },
    { readyPool: { max: 3 } },
  );
  const serving = [
    ...many(3, () => running(settings, ['active a'])),
    running(settings, ['active b']),
    ...many(2, () => running(settings, ['ready'])),
  ];

  it('neither pool, stock nor mix is changed, whatever comes', () => {
    for (const loads of [
      [0, 0],
      [900, 900],
    ]) {
      const made = plan(
        snapshotOf([...serving, stopped(settings)]),
        steadyForecasts(settings, loads),
        settings,
        AT,
      );
      expect(made).toMatchObject({ moves: [], fleet: [] });
    }
  });

  it('what hold began with comes back: from the pool, and from a start where that is empty', () => {
    const holdAt = { a: 6, b: 1 };
    const made = plan(snapshotOf(serving, { holdAt }), steadyForecasts(settings, [0, 0]), settings, AT);
    expect(made.moves.map(({ to, reason }) => [to, reason.rule])).toEqual([
      [{ kind: 'active', shard: 'a' }, 'replace'],
      [{ kind: 'active', shard: 'a' }, 'replace'],
    ]);
    expect(kinds(made)).toEqual([['start', 1]]);
  });

  it('what is lost comes back without a forecast too', () => {
    const made = plan(snapshotOf(serving, { holdAt: { a: 4, b: 1 } }), NONE, settings, AT);
    expect(made.moves.map(({ to }) => to)).toEqual([{ kind: 'active', shard: 'a' }]);
    expect(made.fleet).toEqual([]);
  });
});
