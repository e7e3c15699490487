import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { plan } from '../../core/capacity/planner.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { layoutsOf } from '../../core/vm/layout.ts';
import { tick } from '../../flows/tick.ts';
import { OTHER, VM, vmStage } from './flow-stage.ts';
import { shard } from './stage.ts';

type Stage = Awaited<ReturnType<typeof vmStage>>;

/** One tick with the real planner; shard `a` will have this load, surely. */
async function plannedTick(s: Stage, load: number) {
  const at = s.world.clock.now();
  const horizons = planningHorizons(s.settings).map((ahead) => ({
    ahead,
    quantiles: LEVELS.map(() => load),
  }));
  const forecast = { shard: 'a', at, knownUntil: at, madeAt: at, horizons, method: 'sure' };
  const forecasts = new Map([['a', forecast]]);
  const layouts = layoutsOf(await s.vms.list());
  return s.world.clock.settle(tick(s.world.ports, s.settings, plan, forecasts, { layouts }));
}

describe('VM shards in the plan', () => {
  it('serve what their size serves', async () => {
    const s = await vmStage();
    // An instance serves 100, so that these serve 50, 50, 50 and 25.
    await s.flows.allocate(VM, [shard('a', { vCPU: 1 }), shard('b', { vCPU: 0.5, RAM: 4096 })]);
    await s.flows.allocate(OTHER, [shard('a', { vCPU: 1 }), shard('b', { vCPU: 0.5 })]);
    const moved = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const { moves } = await plannedTick(s, 190);
      for (const { move } of moves)
        if (move.to.kind === 'active' && move.to.shard === 'a') moved.add(move.slice);
      await s.world.runUntil(s.world.clock.now() + 60);
    }
    const { snapshot } = await plannedTick(s, 190);
    const slices = snapshot.instances.flatMap((one) => ('slices' in one ? one.slices : []));
    const serving = slices.filter(({ placement }) => placement.kind === 'active' && placement.shard === 'a');
    const capacity = serving.reduce((sum, { share }) => sum + 100 * share, 0);
    expect(capacity).toBeGreaterThanOrEqual(190);
    expect([...moved].some((slice) => slice.startsWith(VM) || slice.startsWith(OTHER))).toBe(true);
  });

  it('that are hidden or leaving are never moved, and keep their instance', async () => {
    const sizes = fc.array(fc.constantFrom(0.1, 0.3, 0.5, 0.9), { minLength: 1, maxLength: 4 });
    const states = fc.array(fc.constantFrom('running', 'frozen', 'evicted'), { minLength: 4, maxLength: 4 });
    const load = fc.constantFrom(0, 40, 150, 400);
    await fc.assert(
      fc.asyncProperty(sizes, states, load, async (vCPUs, seen, wanted) => {
        fc.pre(vCPUs.reduce((a, b) => a + b, 0) <= 1.9);
        const s = await vmStage();
        await s.flows.allocate(
          VM,
          vCPUs.map((vCPU, i) => shard(`s${i}`, { vCPU, RAM: 256 })),
        );
        await s.beat(VM, Object.fromEntries(vCPUs.map((_, i) => [`s${i}`, { state: seen[i] as never }])));
        const result = await plannedTick(s, wanted);
        const out = vCPUs.flatMap((_, i) => (seen[i] === 'running' ? [] : [`${VM}:${8080 + i}`]));
        for (const { slice } of result.plan.moves) expect(out).not.toContain(slice);
        const given = result.plan.fleet.flatMap((one) => (one.kind === 'release' ? [one.instance] : []));
        if (out.length > 0) expect(given).not.toContain(VM);
        for (const one of result.plan.shards)
          expect(Number.isFinite(one.have + one.coming + one.want)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
