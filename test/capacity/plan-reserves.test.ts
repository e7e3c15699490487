import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { SliceRisk } from '../../core/interruption/risk.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Instance, slicesOf } from '../../core/shards/instance.ts';
import { AT, type Place, running, settingsOf, snapshotOf, steadyForecasts, stopped } from './scene.ts';
import { carryOut, play } from './step.ts';

const stateful = { handOver: { state: 'copy', stateMiB: 1024 } } as const;
const make = (reserves: object = {}, fleet: object = {}, shards = 2) =>
  settingsOf(
    Array.from({ length: shards }, () => stateful),
    { spotShare: 1, reserves: { max: 10, lossCost: 200, unannounced: 1, ...reserves }, ...fleet },
  );
const spot = (settings: Settings, place: Place, zone: string, change: object = {}) =>
  running(settings, [place], { group: 'spot', zone, ...change });

/** The risk of every active Spot slice, all the same. */
function risksOf(instances: readonly Instance[], within15 = 0.01): SliceRisk[] {
  return instances.flatMap((instance) =>
    slicesOf(instance).flatMap(({ id, placement }) =>
      instance.group !== 'spot' || placement.kind !== 'active'
        ? []
        : {
            slice: id,
            instance: instance.id,
            shard: placement.shard,
            pool: { type: instance.type, zone: instance.zone },
            likelihood: { within15, within60: 1 - (1 - within15) ** 4, parts: {} },
            cost: { total: 0.5, dataLoss: 1, rollback: 0, degraded: 0, parts: {} },
            score: within15,
            stateMiB: 1024,
            dirtyMiBps: 5,
          },
    ),
  );
}

/** Shard b has what it needs, unless the scene says so. */
const planned = (settings: Settings, scene: readonly Instance[], change: Partial<Snapshot> = {}) => {
  const hasB = scene.flatMap(slicesOf).some(({ placement: p }) => p.kind === 'active' && p.shard === 'b');
  const instances = hasB ? scene : [...scene, running(settings, ['active b'])];
  return plan(
    snapshotOf(instances, { risks: risksOf(instances), ...change }),
    steadyForecasts(
      settings,
      settings.shards.map(() => 80),
    ),
    settings,
    AT,
  );
};
const reserved = (instances: readonly Instance[]) =>
  instances.flatMap(slicesOf).filter(({ placement }) => placement.kind === 'reserved');

describe('reserves', () => {
  it('are launched as Spot in a calm zone, away from the pool at risk', () => {
    const settings = make();
    const made = planned(settings, [spot(settings, 'active a', 'a'), spot(settings, 'active b', 'c')]);
    expect(made.fleet.filter(({ kind }) => kind === 'launch')).toMatchObject([
      { group: 'spot', zone: 'b', avoid: { zone: 'a' }, reason: { rule: 'reserve' } },
    ]);
    expect(made.desired.spot).toBe(3);
  });

  it('are launched in another zone, then On-Demand, where there is no capacity', () => {
    const settings = make();
    const refused = (...places: string[]) =>
      planned(settings, [spot(settings, 'active a', 'a')], {
        refusals: places.map((place) => {
          const [group, zone] = place.split('/') as ['spot' | 'steady', string];
          return { group, zone, at: AT - 60 };
        }),
      }).fleet.filter(({ kind }) => kind === 'launch');
    expect(refused('spot/b')).toMatchObject([{ group: 'spot', zone: 'c' }]);
    expect(refused('spot/b', 'spot/c')).toMatchObject([{ group: 'steady', zone: 'a' }]);
    expect(refused('spot/b', 'spot/c', 'steady/a')).toMatchObject([{ group: 'steady', zone: 'b' }]);
  });

  it('come out of the surplus of the pool, and are not released from it', () => {
    const settings = make();
    const free = running(settings, ['ready'], { zone: 'b' });
    const made = planned(settings, [spot(settings, 'active a', 'a'), free]);
    expect(made.moves).toMatchObject([
      {
        slice: `${free.id}:8080`,
        from: { kind: 'ready' },
        to: { kind: 'reserved', shard: 'a', until: AT + 900 },
      },
    ]);
    expect(made.fleet.filter((one) => 'instance' in one)).toEqual([]);
    expect(Object.values(made.reserveFor!)).toEqual([`${free.id}:8080`]);
  });

  it('do not come out of a pool at risk', () => {
    const settings = make();
    const free = spot(settings, 'ready', 'a');
    const made = planned(settings, [spot(settings, 'active a', 'a'), free]);
    expect(made.moves.filter(({ to }) => to.kind === 'reserved')).toEqual([]);
    expect(made.fleet.filter(({ kind }) => kind === 'launch')).toHaveLength(1);
  });

  it('are started from the warm pool at once where an interruption is announced', () => {
    const settings = make();
    const instances = [
      spot(settings, 'active a', 'a', { rebalanceAt: AT - 10 }),
      spot(settings, 'active b', 'a'),
      stopped(settings),
    ];
    const made = planned(settings, instances, { risks: risksOf(instances, 0.5) });
    const kinds = made.fleet.filter(({ reason }) => reason.rule === 'reserve').map(({ kind }) => kind);
    expect(kinds).toEqual(['start', 'launch']);
    expect(made.fleet.filter(({ kind }) => kind === 'discard')).toEqual([]);
  });

  it('are asked for by requests, for shards without risk too', () => {
    const settings = make();
    const instances = [running(settings, ['active a']), running(settings, ['ready'])];
    const reserveRequests = [{ id: 'r', shard: 'a', count: 1, until: AT + 5000 }];
    const made = planned(settings, instances, { reserveRequests });
    expect(made.moves).toMatchObject([{ to: { kind: 'reserved', shard: 'a', until: AT + 5000 } }]);
  });

  describe('that are asked for', () => {
    const keeps = { readyPool: { target: 1, max: 10 } };
    const asked = (instances: readonly Instance[], settings: Settings) => {
      const reserveRequests = [{ id: 'r', shard: 'a', count: 1, until: AT + 5000 }];
      const { moves, fleet } = planned(settings, instances, { reserveRequests });
      return {
        reserved: moves.filter(({ to }) => to.kind === 'reserved').map(({ slice }) => slice),
        launched: fleet.filter(({ kind }) => kind === 'launch').length,
      };
    };
    const settings = settingsOf([stateful, {}], { spotShare: 1, reserves: { max: 10 } }, keeps);
    const active = running(settings, ['active a']);

    it('are the ready slice that fits, though the pool should keep it', () => {
      const ready = running(settings, ['ready']);
      expect(asked([active, ready], settings)).toEqual({ reserved: [`${ready.id}:8080`], launched: 0 });
    });

    it('are launched where what is ready is in a pool at risk', () => {
      const doomed = spot(settings, 'active a', 'a', { rebalanceAt: AT - 10 });
      const ready = spot(settings, 'ready', 'a');
      const { reserved: its, launched } = asked([doomed, active, ready], settings);
      expect(its).toEqual([]);
      expect(launched).toBeGreaterThan(0);
    });

    it('are launched where what is ready and should be kept is too small', () => {
      const sizes = { instanceTypes: [{ type: 'm7i.large' }, { type: 'm7i.small', weight: 0.25 }] };
      const mixed = settingsOf([stateful, {}], { spotShare: 1, reserves: { max: 10 }, ...sizes }, keeps);
      const small = running(mixed, ['ready'], { type: 'm7i.small' });
      expect(asked([running(mixed, ['active a']), small], mixed)).toEqual({ reserved: [], launched: 1 });
    });
  });

  it('stay past their time as long as they are wanted, and go back when they are not', () => {
    const settings = make();
    const held = running(settings, ['expired a'], { zone: 'b' });
    const instances = [spot(settings, 'active a', 'a'), held];
    const wanted = planned(settings, instances);
    expect(wanted.moves).toEqual([]);
    expect(wanted.reserves).toMatchObject([{ slice: `${held.id}:8080`, until: AT + 900, changed: true }]);
    const calm = planned(settings, instances, { risks: risksOf(instances, 1e-9) });
    expect(calm.moves).toMatchObject([{ from: { kind: 'reserved' }, to: { kind: 'ready' } }]);
    expect(calm.reserves).toEqual([]);
  });

  it('are left alone where nothing may be begun', () => {
    const settings = make();
    const instances = [spot(settings, 'active a', 'a'), running(settings, ['ready'])];
    for (const mode of ['hold', 'shadow'] as const) {
      const made = planned(settings, instances, { modes: { a: mode, b: mode } });
      expect(made.moves.filter(({ to }) => to.kind === 'reserved')).toEqual([]);
      expect(made.fleet.filter(({ reason }) => reason.rule === 'reserve')).toEqual([]);
    }
  });

  it('do not keep the plan from coming to rest', () => {
    const settings = make({}, { zones: ['a', 'b', 'c', 'd'] }, 6);
    const places = settings.shards.map(({ name }, i) =>
      spot(settings, `active ${name}`, settings.fleet.zones[i % 3]!),
    );
    let snapshot = snapshotOf(places);
    const changes: number[] = [];
    let launched = 0;
    for (let tick = 0; tick < 60; tick++) {
      const risky = { ...snapshot, risks: risksOf(snapshot.instances) };
      const forecasts = new Map(
        [
          ...steadyForecasts(
            settings,
            settings.shards.map(() => 80),
          ),
        ].map(([name, one]) => [name, { ...one, at: snapshot.at, knownUntil: snapshot.at - 60 }]),
      );
      const made = plan(risky, forecasts, settings, snapshot.at);
      changes.push(made.moves.length + made.fleet.length);
      launched += made.fleet.filter(({ kind }) => kind === 'launch').length;
      snapshot = carryOut(risky, made, settings);
    }
    // Two slices in each of three pools: two reserves are shared by all.
    expect(reserved(snapshot.instances)).toHaveLength(2);
    expect(launched).toBe(2);
    expect(changes.slice(10).every((n) => n === 0)).toBe(true);
  });
});

describe('a slice on an instance that AWS recommends to leave', () => {
  it('serves on while it has a reserve, for half an hour', () => {
    const settings = make();
    const going = (since: number) => spot(settings, 'active a', 'a', { rebalanceAt: AT - since });
    const kept = running(settings, ['reserved a'], { zone: 'b' });
    const [fresh, old] = [going(60), going(1801)];
    const bound = (one: Instance) => ({ [`${one.id}:8080`]: `${kept.id}:8080` });
    // Without one, what is reserved for the shard is put into service in its place.
    const used = (one: Instance, reserveFor?: Record<string, string>) =>
      planned(settings, [one, kept], { ...(reserveFor && { reserveFor }) }).moves.filter(
        ({ to }) => to.kind === 'active',
      ).length;
    expect(used(fresh, bound(fresh))).toBe(0);
    expect(used(fresh)).toBe(1);
    expect(used(old, bound(old))).toBe(1);
  });

  it('is not replaced a second time while its reserve takes over', () => {
    const settings = make();
    const kept = running(settings, ['reserved a'], { zone: 'b' });
    const { rebalanceAt: _, ...facts } = spot(settings, 'active a', 'a') as Instance & {
      rebalanceAt?: number;
    };
    const gone = { ...facts, state: 'interrupted', deadline: AT + 100 } as Instance;
    const handingOver = { [`${gone.id}:8080`]: `${kept.id}:8080` };
    const held = [`${kept.id}:8080`];
    const starts = (change: Partial<Snapshot>) => {
      const made = planned(settings, [gone, kept], { held, ...change });
      return made.shards.find(({ shard }) => shard === 'a')!.coming;
    };
    expect(starts({ handingOver })).toBe(100);
    expect(starts({})).toBe(0);
  });

  it('keeps a reserve free for the slice that is taken, told or not, and gives it to no load', () => {
    const settings = make();
    const [one, two] = ['b', 'c'].map((zone) => running(settings, ['reserved a'], { zone })) as [
      Instance,
      Instance,
    ];
    const { rebalanceAt: _, ...facts } = spot(settings, 'active a', 'a') as Instance & {
      rebalanceAt?: number;
    };
    const gone = { ...facts, state: 'interrupted', deadline: AT + 100 } as Instance;
    const id = `${gone.id}:8080`;
    const uses = (reserves: readonly Instance[], change: Partial<Snapshot> = {}) =>
      planned(settings, [gone, ...reserves], change).moves.flatMap(({ slice, from, to }) =>
        from.kind === 'reserved' && to.kind === 'active' ? [slice] : [],
      );
    expect(uses([one])).toEqual([]);
    expect(uses([one], { reserveFor: { [id]: `${one.id}:8080` } })).toEqual([]);
    // A shard without state has nothing to hand over: what is reserved for it replaces what it loses.
    const plain = settingsOf([{}, {}], { spotShare: 1, reserves: { max: 10 } });
    const made = plan(snapshotOf([gone, two]), steadyForecasts(plain, [80, 0]), plain, AT);
    expect(made.moves.find(({ slice }) => slice === `${two.id}:8080`)?.to).toEqual({
      kind: 'active',
      shard: 'a',
    });
  });
});

describe('Spot instances with a bound per zone', () => {
  const HOUR_AGO = AT - 3700;
  const zonesOf = (instances: readonly Instance[], change: Partial<Snapshot> = {}) => {
    const settings = make({ perZone: 2, max: 0 }, { zones: ['a', 'b', 'c'] }, 8);
    const steady = settings.shards.map(({ name }) => running(settings, [`active ${name}`]));
    return plan(
      snapshotOf([...steady, ...instances], change),
      steadyForecasts(
        settings,
        settings.shards.map(() => 80),
      ),
      settings,
      AT,
    )
      .fleet.flatMap((one) => (one.kind === 'launch' && one.group === 'spot' ? [one.zone] : []))
      .sort();
  };
  const settings = make({}, { zones: ['a', 'b', 'c'] });
  const idle = (zone: string, since: number, change: object = {}) =>
    ({ ...spot(settings, 'ready', zone, change), since }) as Instance;

  it('begin with one in each zone, and fill up where one has lived for an hour', () => {
    expect(zonesOf([])).toEqual(['a', 'b', 'c']);
    expect(zonesOf([idle('a', AT - 600), idle('b', HOUR_AGO)])).toEqual(['b', 'c']);
    expect(zonesOf([idle('b', HOUR_AGO), idle('b', AT - 600)])).toEqual(['a', 'c']);
  });

  it('stay out of zones without capacity, and of those that are announced to go', () => {
    const refusals = [{ group: 'spot' as const, zone: 'c', at: AT - 60 }];
    expect(zonesOf([idle('a', HOUR_AGO, { rebalanceAt: AT - 10 })], { refusals })).toEqual(['b']);
  });
});

describe('without risks', () => {
  it('nothing is reserved', () => {
    const settings = make();
    const { plans } = play(snapshotOf([spot(settings, 'active a', 'a')]), settings, 5, () =>
      steadyForecasts(settings, [80, 80]),
    );
    for (const { fleet, moves } of plans) {
      expect(fleet.filter(({ reason }) => reason.rule === 'reserve')).toEqual([]);
      expect(moves.filter(({ to }) => to.kind === 'reserved')).toEqual([]);
    }
  });
});
