import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookAhead } from '../../core/capacity/look-ahead.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Forecast } from '../../core/forecast/forecast.ts';
import { Look, sizeOf } from './look.ts';
import { randomScene } from './random-scene.ts';
import { AT, type Scene } from './scene.ts';

const RUNS = { numRuns: 150, seed: 7 };

const planned = (scene: Scene) => plan(scene.snapshot, scene.forecasts, scene.settings, AT);

/** Holds for the plan of every random scene. */
function always(check: (look: Look) => void): void {
  fc.assert(
    fc.property(randomScene, (scene) => {
      check(new Look(scene, planned(scene)));
    }),
    RUNS,
  );
}

describe('every plan', () => {
  it('moves a slice at most once, from where it is, and never one that a workflow holds', () => {
    always(({ plan, slices, held, moved }) => {
      expect(moved.size).toBe(plan.moves.length);
      for (const { slice: id, from, to } of plan.moves) {
        const { placement } = slices.get(id)!;
        expect(held.has(id)).toBe(false);
        expect(placement.kind).toBe(from.kind);
        if (from.kind !== 'ready' && placement.kind !== 'ready') expect(placement.shard).toBe(from.shard);
        expect(to).not.toEqual(from);
      }
    });
  });

  it('moves slices of running instances only', () => {
    always(({ plan, running }) => {
      const there = new Set(running.flatMap(({ slices }) => slices.map(({ id }) => id)));
      for (const { slice } of plan.moves) expect(there.has(slice)).toBe(true);
    });
  });

  it('keeps to the moves that one tick may start', () => {
    always(({ plan, scene }) =>
      expect(plan.moves.length).toBeLessThanOrEqual(scene.settings.fleet.maxMovesPerTick),
    );
  });

  it('does not touch a shard in shadow', () => {
    always(({ plan, shards }) => {
      const shadow = new Set(shards.filter(({ mode }) => mode === 'shadow').map(({ name }) => name));
      for (const { from, to } of plan.moves) {
        if (from.kind !== 'ready') expect(shadow).not.toContain(from.shard);
        if (to.kind !== 'ready') expect(shadow).not.toContain(to.shard);
      }
      for (const action of plan.fleet) if (action.kind === 'wake') expect(shadow).not.toContain(action.shard);
      if (shadow.size === shards.length) expect(plan.fleet).toEqual([]);
    });
  });

  it('replaces what a shard in hold lost, one for one, and takes nothing from it', () => {
    always((look) => {
      for (const { name, mode } of look.shards.filter((shard) => shard.mode === 'hold')) {
        const into = look.plan.moves.filter(({ to }) => to.kind === 'active' && to.shard === name);
        const out = look.plan.moves.filter(({ from }) => from.kind === 'active' && from.shard === name);
        const lost = look.scene.snapshot.instances.flatMap((one) =>
          one.state === 'interrupted' || (one.state === 'running' && one.rebalanceAt !== undefined)
            ? one.slices.filter(({ placement: p }) => p.kind === 'active' && p.shard === name)
            : [],
        );
        expect(mode).toBe('hold');
        expect(sizeOf(into.map(({ slice }) => look.slices.get(slice)!))).toBeLessThanOrEqual(
          sizeOf(lost) + 1e-9,
        );
        for (const { reason } of out) expect(reason.rule).toBe('interruption');
        for (const { reason } of into) expect(reason.rule).toBe('replace');
      }
    });
  });

  it('keeps the fleet within its maximum, stopped instances too', () => {
    always((look) => {
      const { max, warmMax = max } = look.scene.settings.fleet;
      expect(look.size).toBeLessThanOrEqual(max);
      expect(look.plan.desired.warm).toBeLessThanOrEqual(
        Math.max(warmMax, look.scene.snapshot.instances.length),
      );
    });
  });

  it('leaves no more ready than the bound, as far as whole instances can go', () => {
    always((look) => {
      // Above the bound there is only what will be called for within minutes.
      const { fleet } = look.scene.settings;
      if (!look.shards.every(({ forecast }) => forecast !== undefined && isSettled(forecast))) return;
      if (look.shards.every(({ mode }) => mode === 'shadow') || fleet.maxMovesPerTick < 100) return;
      const staying = look.stayingReady;
      const excess = sizeOf(staying) - look.plan.pool.bound;
      const byHost = Map.groupBy(staying, ({ instance }) => instance);
      const whole = look.running.filter(
        ({ id, slices }) => byHost.get(id)?.length === slices.length && slices.length > 0,
      );
      for (const { slices } of whole) expect(sizeOf(slices)).toBeGreaterThan(excess - 1e-6);
    });
  });

  it('releases only instances that carry nothing, and Spot never to a stopped state', () => {
    always(({ plan, running, held, moved, scene }) => {
      const gone = new Set<string>();
      for (const action of plan.fleet) {
        if (action.kind === 'release') {
          const { slices, group } = running.find(({ id }) => id === action.instance)!;
          for (const { id, placement } of slices) {
            expect(placement.kind).toBe('ready');
            expect(held.has(id) || moved.has(id)).toBe(false);
          }
          if (group === 'spot') expect(action.to).toBe('retired');
          if (action.to === 'standby') expect(action.shard).toBeDefined();
        }
        const was = (id: string) => scene.snapshot.instances.find((one) => one.id === id)?.state;
        if (action.kind === 'discard') expect(was(action.instance)).toBe('warm');
        if (action.kind === 'wake') expect(was(action.instance)).toBe('standby');
        if ('instance' in action) {
          expect(gone).not.toContain(action.instance);
          gone.add(action.instance);
        } else if ('count' in action) expect(action.count).toBeGreaterThan(0);
      }
    });
  });

  it('gives every move a reason whose numbers are the forecast’s', () => {
    always(({ plan, scene }) => {
      for (const { from, to, reason } of plan.moves) {
        if (reason.rule === 'pool' || reason.rule === 'reserve') continue;
        const shards = [from, to].flatMap((end) => (end.kind === 'ready' ? [] : [end.shard]));
        const tick = (reason.ahead ?? Number.NaN) / 60;
        if (reason.forecast === undefined) {
          // Nothing is known, and so nothing is said of it.
          expect(shards.some((shard) => !scene.forecasts.has(shard))).toBe(true);
          continue;
        }
        const said = shards.some((shard) => {
          if (!scene.forecasts.has(shard)) return false;
          const load = lookAhead(scene.forecasts.get(shard)!, tick + 1).ticks[tick]!;
          const { median, q90, q99 } = reason.forecast!;
          return median === load.median && q90 === load.at(0.9) && q99 === load.at(0.99);
        });
        expect(said).toBe(true);
        expect(Number.isFinite(reason.value)).toBe(true);
        if (reason.rule === 'release') expect(reason.need).toBeLessThan(reason.have!);
        else expect(reason.need).toBeGreaterThan(reason.have!);
      }
    });
  });

  it('is made of the input alone, and leaves it as it was', () => {
    fc.assert(
      fc.property(randomScene, (scene) => {
        const before = JSON.stringify([scene.snapshot, [...scene.forecasts], scene.settings]);
        const copy = structuredClone(scene);
        expect(JSON.stringify(planned(scene))).toBe(JSON.stringify(planned(copy)));
        expect(JSON.stringify([scene.snapshot, [...scene.forecasts], scene.settings])).toBe(before);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('does not depend on the order of instances', () => {
    // Where only so many moves may start, which come first does.
    const unlimited = randomScene.filter(({ settings }) => settings.fleet.maxMovesPerTick > 100);
    fc.assert(
      fc.property(unlimited, fc.infiniteStream(fc.nat()), (scene, numbers) => {
        const instances = scene.snapshot.instances
          .map((instance) => [numbers.next().value as number, instance] as const)
          .sort(([a], [b]) => a - b)
          .map(([, instance]) => instance);
        const other = planned({ ...scene, snapshot: { ...scene.snapshot, instances } });
        expect(totals(other)).toEqual(totals(planned(scene)));
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});

/** A load that is known and does not rise: nobody will call for more. */
function isSettled({ horizons }: Forecast): boolean {
  return horizons.every(({ quantiles }, i) => {
    const before = horizons[Math.max(0, i - 1)]!.quantiles;
    return Array.from(quantiles).every((load) => load === quantiles[0]! && load <= before[0]!);
  });
}

/** What a plan does, without which slice or instance does it. */
function totals({ moves, fleet, desired }: ReturnType<typeof plan>): object {
  const counts: Record<string, number> = {};
  const count = (key: string, n = 1) => {
    counts[key] = (counts[key] ?? 0) + n;
  };
  for (const { reason, from, to } of moves) count(JSON.stringify([reason.rule, from, to]));
  for (const one of fleet) count(`${one.kind} ${'to' in one ? one.to : ''}`, 'count' in one ? one.count : 1);
  return { ...counts, ...desired };
}
