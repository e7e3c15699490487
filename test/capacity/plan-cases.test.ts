import { describe, expect, it } from 'vitest';
import type { Measured } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Instance, slicesOf } from '../../core/shards/instance.ts';
import { Look, sizeOf } from './look.ts';
import { AT, many, nameOf, running, settingsOf, slicesFor, snapshotOf, steadyForecasts } from './scene.ts';
import { carryOut } from './step.ts';

function planned(
  settings: Settings,
  instances: readonly Instance[],
  loads: readonly number[],
  measured: readonly Measured[] = [],
) {
  const forecasts = steadyForecasts(settings, loads, 0.02);
  const snapshot = snapshotOf(instances, { measured });
  return new Look({ settings, forecasts, snapshot }, plan(snapshot, forecasts, settings, AT));
}

describe('sizes', () => {
  it('plans one shard without load: it falls to its guarantee, and the rest may go', () => {
    const settings = settingsOf([{ guarantee: 2 }]);
    const { plan } = planned(
      settings,
      many(5, () => running(settings, ['active a'])),
      [0],
    );
    expect(plan.moves.map(({ to, reason }) => [to.kind, reason.rule])).toEqual(
      new Array(3).fill(['ready', 'release']),
    );
    expect(plan.shards).toMatchObject([{ have: 500, want: 200, guarantee: 200 }]);
  });

  it('plans a thousand shards, each for itself', () => {
    const settings = settingsOf(new Array(1000).fill({}), { max: 5000, maxMovesPerTick: 10_000 });
    const fleet = settings.shards.flatMap(({ name }) => many(2, () => running(settings, [`active ${name}`])));
    const pool = many(20, () => running(settings, ['ready']));
    const loads = settings.shards.map((_, s) => (s < 10 ? 280 : s < 20 ? 80 : 170));
    const { plan } = planned(settings, [...fleet, ...pool], loads);
    const takers = plan.moves
      .filter(({ to }) => to.kind === 'active')
      .map(({ to }) => ('shard' in to ? to.shard : ''));
    const givers = plan.moves.flatMap(({ to, from }) =>
      to.kind === 'ready' && from.kind === 'active' ? [from.shard] : [],
    );
    const names = (from: number, end: number) =>
      Array.from({ length: end - from }, (_, i) => nameOf(from + i)).sort();
    expect(takers.sort()).toEqual(names(0, 10));
    expect(givers.sort()).toEqual(names(10, 20));
  });

  it('does nothing for a service without load, shards or instances to speak of', () => {
    const settings = settingsOf([{ guarantee: 0 }, { guarantee: 0 }]);
    expect(planned(settings, [], [0, 0]).plan).toMatchObject({ moves: [], fleet: [], findings: [] });
  });

  it('keeps everything as it is where nothing is forecast', () => {
    const settings = settingsOf([{}], {}, { readyPool: { max: 0 } });
    const fleet = [running(settings, ['active a']), running(settings, ['ready'])];
    const { moves, fleet: actions } = plan(snapshotOf(fleet), new Map(), settings, AT);
    expect({ moves, actions }).toEqual({ moves: [], actions: [] });
  });

  it('refuses another time than the snapshot’s', () => {
    const settings = settingsOf([{}]);
    expect(() => plan(snapshotOf([]), new Map(), settings, AT + 1)).toThrow(
      `expected the snapshot's time ${AT}`,
    );
  });
});

describe('weights', () => {
  const types = [
    { type: 'm7i.large', weight: 1 },
    { type: 'm7i.xlarge', weight: 2 },
  ];

  it('adds capacities, never counts: one large instance serves for two', () => {
    const settings = settingsOf([{}], { instanceTypes: types });
    const large = () => running(settings, ['ready'], { type: 'm7i.xlarge' });
    const look = planned(settings, [running(settings, ['active a']), ...many(3, large)], [290]);
    expect(look.plan.moves).toHaveLength(1);
    expect(look.after('a')).toBe(3);
  });

  it('does not give a shard more than its maximum by a large instance', () => {
    const settings = settingsOf([{ max: 2 }], { instanceTypes: types });
    const fleet = [
      running(settings, ['active a']),
      running(settings, ['ready'], { type: 'm7i.xlarge' }),
      running(settings, ['ready']),
    ];
    const look = planned(settings, fleet, [500]);
    expect(look.after('a')).toBe(2);
    expect(look.plan.moves.map(({ slice }) => slice)).toEqual([`${fleet[2]!.id}:8080`]);
  });

  it('releases by size what the pool need not keep', () => {
    const settings = settingsOf(
      [{ guarantee: 0 }],
      { instanceTypes: types },
      { readyPool: { target: 2, max: 2 } },
    );
    const fleet = many(3, () => running(settings, ['ready'], { type: 'm7i.xlarge' }));
    const look = planned(settings, fleet, [0]);
    expect(sizeOf(look.stayingReady)).toBe(2);
  });

  it('counts the pool and its bound by size', () => {
    const settings = settingsOf([{ guarantee: 0 }], { instanceTypes: types }, { readyPool: { max: 2 } });
    const fleet = many(3, () => running(settings, ['ready'], { type: 'm7i.xlarge' }));
    const look = planned(settings, fleet, [0]);
    expect(look.plan.pool).toMatchObject({ ready: 6, bound: 2 });
    expect(sizeOf(look.stayingReady)).toBeLessThanOrEqual(2);
  });
});

describe('slices', () => {
  const settings = settingsOf([{ guarantee: 0 }, { guarantee: 0 }, { guarantee: 0 }], {
    slicesPerInstance: 4,
    zones: ['a'],
  });

  it('fills instances that are in use before it opens another', () => {
    const fleet = [
      running(settings, ['ready']),
      running(settings, ['active b', 'active b', 'active b', 'ready']),
      running(settings, ['ready']),
    ];
    const { plan } = planned(settings, fleet, [22, 70, 0]);
    expect(plan.moves.map(({ slice, to }) => [slice, to])).toEqual([
      [`${fleet[1]!.id}:8083`, { kind: 'active', shard: 'a' }],
    ]);
  });

  it('spreads a shard: about a third on one instance at most, where there is a choice', () => {
    const look = planned(
      settings,
      many(4, () => running(settings, ['ready'])),
      [190, 0, 0],
    );
    const byInstance = Map.groupBy(look.plan.moves, ({ slice }) => slice.split(':')[0]);
    expect(look.plan.moves).toHaveLength(8);
    for (const moves of byInstance.values()) expect(moves.length / 8).toBeLessThanOrEqual(0.38);
  });

  it('packs so that a whole instance comes free, and then releases it', () => {
    const fleet = [
      running(settings, ['active a', 'active b', 'active c', 'ready']),
      running(settings, ['active a', 'active b', 'active c', 'ready']),
      running(settings, ['active a', 'active b', 'ready', 'ready']),
    ];
    const look = planned(settings, fleet, [72, 72, 47]);
    expect(look.plan.moves.filter(({ reason }) => reason.rule !== 'consolidate')).toEqual([]);
    const away = look.plan.moves.filter(({ to }) => to.kind === 'ready').map(({ slice }) => slice);
    expect(away).toEqual([`${fleet[2]!.id}:8080`, `${fleet[2]!.id}:8081`]);
    const packed = [fleet[0]!, fleet[1]!].map((one) => ({
      ...one,
      slices: slicesFor(one, settings, [
        'active a',
        'active b',
        'active c',
        one === fleet[0] ? 'active a' : 'active b',
      ]),
    })) as Instance[];
    const next = planned(settings, [...packed, running(settings, ['ready'], { id: 'i-free' })], [72, 72, 47]);
    expect(next.plan.fleet).toContainEqual(expect.objectContaining({ kind: 'release', instance: 'i-free' }));
  });

  it('does not pack what stands in hold', () => {
    const fleet = [
      running(settings, ['active a', 'active b', 'active c', 'ready']),
      running(settings, ['active a', 'active b', 'active c', 'ready']),
      running(settings, ['active a', 'active b', 'ready', 'ready']),
    ];
    const forecasts = steadyForecasts(settings, [72, 72, 47], 0.02);
    const hold = { b: 'hold' } as const;
    expect(plan(snapshotOf(fleet, { modes: hold }), forecasts, settings, AT).moves).toEqual([]);
    expect(plan(snapshotOf(fleet), forecasts, settings, AT).moves).not.toEqual([]);
  });

  it('gives back from the emptiest instance first', () => {
    const fleet = [
      running(settings, ['active a', 'active b', 'active b', 'active b']),
      running(settings, ['active a', 'ready', 'ready', 'ready']),
    ];
    const { plan } = planned(settings, fleet, [20, 72, 0]);
    expect(plan.moves.map(({ slice }) => slice)).toContain(`${fleet[1]!.id}:8080`);
    expect(plan.moves.map(({ slice }) => slice)).not.toContain(`${fleet[0]!.id}:8080`);
  });
});

describe('reactive adjustment', () => {
  const settings = settingsOf([{ react: { utilization: 0.8, latency: 0.2 } }]);
  const fleet = [
    ...many(4, () => running(settings, ['active a'])),
    ...many(6, () => running(settings, ['ready'])),
  ];
  const measured = (change: Partial<Measured>): Measured[] => [
    { shard: 'a', time: AT - 60, load: 320, ...change },
  ];
  const rules = (change: Partial<Measured>) =>
    planned(settings, fleet, [320], measured(change)).plan.moves.map(({ reason }) => reason.rule);

  it('gives more to a shard whose instances do less than the settings say', () => {
    expect(rules({ utilization: 0.75 })).toEqual([]);
    expect(rules({ utilization: 0.98 })).toEqual(['reactive']);
  });

  it('stays where utilisation is at its bound, and does not give back what it just gave', () => {
    // Each instance does a fifth less than the settings say.
    let snapshot = snapshotOf(fleet);
    const moves: number[] = [];
    for (let tick = 0; tick < 8; tick++) {
      const active = snapshot.instances.flatMap(slicesOf).filter(({ placement: p }) => p.kind === 'active');
      const utilization = (1.2 * 320) / (100 * active.length);
      const measured = [{ shard: 'a', time: snapshot.at, load: 320, utilization }];
      const made = plan(
        { ...snapshot, measured },
        steadyForecasts(settings, [320], 0.02),
        settings,
        snapshot.at,
      );
      moves.push(made.moves.length);
      snapshot = carryOut(snapshot, made, settings);
    }
    expect(moves).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('gives more to a shard that answers too slowly, by how much', () => {
    expect(rules({ latency: 0.19 })).toEqual([]);
    expect(rules({ latency: 0.3 })).toEqual(['reactive']);
    // It is believed up to twice: 320 at 50 each.
    expect(rules({ latency: 5 })).toEqual(['reactive', 'reactive', 'reactive']);
  });
});

describe('what a workflow holds', () => {
  it('is neither given out nor released with its instance', () => {
    const settings = settingsOf([{}], {}, { readyPool: { max: 0 } });
    const [first, second] = [running(settings, ['ready']), running(settings, ['ready'])];
    const fleet = [running(settings, ['active a']), first, second];
    const held = [`${first.id}:8080`];
    const loads = (load: number) => steadyForecasts(settings, [load], 0.02);
    const needed = plan(snapshotOf(fleet, { held }), loads(290), settings, AT);
    expect(needed.moves.map(({ slice }) => slice)).toEqual([`${second.id}:8080`]);
    const idle = plan(snapshotOf(fleet, { held }), loads(80), settings, AT);
    expect(idle.fleet.map((one) => ('instance' in one ? one.instance : one.kind))).toEqual([second.id]);
  });
});

describe('reservations', () => {
  it('return to the pool when their time is over, and not before', () => {
    const settings = settingsOf([{}, {}]);
    const kept = running(settings, ['reserved a']);
    const over = running(settings, ['expired a']);
    const { plan } = planned(
      settings,
      [running(settings, ['active a']), running(settings, ['active b']), kept, over],
      [80, 80],
    );
    expect(plan.moves).toMatchObject([
      {
        slice: `${over.id}:8080`,
        from: { kind: 'reserved', shard: 'a' },
        to: { kind: 'ready' },
        reason: { rule: 'pool' },
      },
    ]);
  });

  it('are used by their shard where nothing is ready', () => {
    const settings = settingsOf([{}]);
    const ready = running(settings, ['ready']);
    const kept = running(settings, ['reserved a']);
    const { plan } = planned(settings, [ready, running(settings, ['active a']), kept], [190]);
    expect(plan.moves.map(({ slice }) => slice)).toEqual([`${ready.id}:8080`]);
    const { plan: without } = planned(settings, [running(settings, ['active a']), kept], [190]);
    expect(without.moves.map(({ slice }) => slice)).toEqual([`${kept.id}:8080`]);
  });
});

describe('Spot', () => {
  it('replaces what is being taken, at once and by name', () => {
    const settings = settingsOf([{}]);
    const lost = running(settings, ['active a'], { group: 'spot' });
    const slices = slicesFor(lost, settings, ['active a']);
    const { id, type, zone, since } = lost;
    const interrupted: Instance = {
      id,
      type,
      zone,
      since,
      group: 'spot',
      state: 'interrupted',
      slices,
      deadline: AT + 100,
    };
    const { plan } = planned(
      settings,
      [running(settings, ['active a']), interrupted, running(settings, ['ready'])],
      [190],
    );
    expect(plan.moves.map(({ to, reason }) => [to, reason.rule])).toEqual([
      [{ kind: 'active', shard: 'a' }, 'replace'],
    ]);
  });

  // On AWS the On-Demand group prefers its first type: all of it is of that one.
  const types = (...weights: number[]) => weights.map((weight, i) => ({ type: `m${i + 5}.large`, weight }));
  const onDemand = (settings: Settings) => many(10, () => running(settings, ['active a']));

  it.each([
    ['equal', [1, 1], 3],
    ['larger', [1, 1.2], 3],
    ['smaller', [1, 0.5], 0],
  ] as const)('starts its share where the other types are %s', (_, weights, count) => {
    const settings = settingsOf([{}], { spotShare: 0.4, instanceTypes: types(...weights) });
    const { plan } = planned(settings, onDemand(settings), [950]);
    const started = plan.fleet.filter((one) => one.kind === 'start' && one.group === 'spot');
    expect(started.map((one) => (one.kind === 'start' ? one.count : 0))).toEqual(count > 0 ? [count] : []);
  });

  it.each([
    ['an equal', 1, 2],
    ['a larger', 1.5, 2],
    ['a smaller', 0.5, 0],
  ] as const)('takes over from On-Demand where it is of %s type', (_, weight, moves) => {
    const settings = settingsOf([{}], { spotShare: 0.1, instanceTypes: types(1, weight) });
    const spot = running(settings, ['ready'], { group: 'spot', type: 'm6.large' });
    const { plan } = planned(settings, [...onDemand(settings), spot], [950]);
    const mixed = plan.moves.filter(({ reason }) => reason.rule === 'mix');
    expect(mixed.map(({ to }) => to.kind)).toEqual(moves > 0 ? ['active', 'ready'] : []);
  });

  it('leaves an instance that AWS recommends to leave, once the replacement serves', () => {
    const settings = settingsOf([{}]);
    const leaving = running(settings, ['active a'], { group: 'spot', rebalanceAt: AT - 60 });
    const others = [running(settings, ['active a']), running(settings, ['ready'])];
    const first = planned(settings, [leaving, ...others], [190]);
    expect(first.plan.moves.map(({ slice, to }) => [slice, to.kind])).toEqual([
      [`${others[1]!.id}:8080`, 'active'],
    ]);
    const then = planned(
      settings,
      [leaving, running(settings, ['active a']), running(settings, ['active a'])],
      [190],
    );
    expect(then.plan.moves.map(({ slice, to }) => [slice, to.kind])).toEqual([
      [`${leaving.id}:8080`, 'ready'],
    ]);
  });
});
