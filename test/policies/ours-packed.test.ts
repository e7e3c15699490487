import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { DEFAULT_MODEL, type ModelConfig, type ModelTrace } from '../../backtest/model/model.ts';
import { Ours } from '../../backtest/policies/ours.ts';
import { packedVsWhole, playSlices } from '../../backtest/policies/ours-packed.ts';
import { SliceWorld } from '../../backtest/policies/slice-world.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { lookAhead } from '../../core/capacity/look-ahead.ts';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';

const DAY = 1440;

/** Shards with a daily wave each, their peaks spread over the day, and noise. */
function waves(shards: number, history: number, judged: number, noise = 0.02): ModelTrace {
  const load = Array.from({ length: shards }, (_, s) => {
    const normal = normals(s + 1);
    let wander = 0;
    return Float64Array.from({ length: history + judged }, (__, t) => {
      wander = 0.97 * wander + noise * normal();
      return 100 * (s + 1) * (1 + 0.6 * Math.sin((2 * Math.PI * t) / DAY + s)) * Math.max(0.1, 1 + wander);
    });
  });
  return { name: 'waves', shards: load.map((_, s) => `w${s}`), load, history, start: 0 };
}

/** `Ours` on the same forecasts as the slice worlds get. */
function counted(trace: ModelTrace, config: ModelConfig, worths: readonly number[]) {
  const ours = worths.map((worth) => new Ours(trace, config, worth));
  const horizons = planningHorizons(new SliceWorld(trace, config, 1, 1).settings);
  const leads = horizons.map((ahead) => ahead + 60 * (1 + config.delay));
  const forecasters = trace.shards.map((shard) => new Analyser({ shard, leads }));
  for (let t = 0; t < trace.load[0]!.length; t++) {
    const known = t - 1 - config.delay;
    forecasters.forEach((one, s) => {
      if (known >= 0) one.observe({ time: known * 60, load: trace.load[s]![known]! });
    });
    if (t < trace.history) continue;
    const ahead = forecasters.map((one) => lookAhead(one.forecast(t * 60, horizons)));
    for (const one of ours) one.step(ahead, (s) => trace.load[s]![t]!);
  }
  return ours.map((one) => one.outcome());
}

describe('the planner in the minute model', () => {
  const trace = waves(5, 2 * DAY, DAY / 2);

  for (const delay of [0, 1]) {
    it(`is the same policy as its sizing rules with counts (metrics ${delay} min late)`, () => {
      const config = { ...DEFAULT_MODEL, delay };
      const worths = [6, 20];
      const worlds = worths.map((worth) => new SliceWorld(trace, config, worth, 1));
      playSlices(trace, config, worlds);
      counted(trace, config, worths).forEach((ours, i) => {
        const { hours, unmet } = worlds[i]!.outcome();
        expect(Math.abs(hours / ours.hours - 1)).toBeLessThan(0.01);
        expect(Math.abs(unmet - ours.unmet)).toBeLessThan(0.1 * ours.unmet + 2e-5);
      });
    });
  }

  it('leaves less unmet, for more hours, when unmet load is worth more', () => {
    const worlds = [4, 60].map((worth) => new SliceWorld(trace, DEFAULT_MODEL, worth, 4));
    playSlices(trace, DEFAULT_MODEL, worlds);
    const [cheap, dear] = worlds.map((world) => world.outcome());
    expect(dear!.unmet).toBeLessThan(0.5 * cheap!.unmet);
    expect(dear!.hours).toBeGreaterThan(cheap!.hours);
  });
});

describe('packed against whole instances', () => {
  it('pays for every instance, and for a stopped one its price', () => {
    const load = Float64Array.from({ length: 180 }, () => 100);
    const trace: ModelTrace = { name: 'level', shards: ['a'], load: [load], history: 60, start: 0 };
    const world = new SliceWorld(trace, { ...DEFAULT_MODEL, peakInstances: 2 }, 10, 1);
    playSlices(trace, { ...DEFAULT_MODEL, peakInstances: 2 }, [world]);
    // Two instances for two hours, nothing unmet.
    expect(world.outcome()).toMatchObject({ hours: 4, unmet: 0 });
  });

  it('shares instances between small shards: two halves cost one', () => {
    const level = (load: number) => {
      const values = new Float64Array(3000).fill(load);
      // The peak, at another time of day than what is judged.
      values[600] = 100;
      return values;
    };
    const trace: ModelTrace = {
      name: 'halves',
      shards: ['a', 'b'],
      load: [level(45), level(45)],
      history: 2880,
      start: 0,
    };
    const config = { ...DEFAULT_MODEL, peakInstances: 1 };
    const packed = new SliceWorld(trace, config, 20, 2);
    const whole = new SliceWorld(trace, config, 20, 1);
    playSlices(trace, config, [packed, whole]);
    expect(packed.outcome().hours).toBeCloseTo(2, 1);
    expect(whole.outcome().hours).toBeCloseTo(4, 1);
  });

  it('saves much where shards are small', () => {
    const { ratio, packed, whole } = packedVsWhole(waves(8, DAY, DAY / 4), {
      ...DEFAULT_MODEL,
      peakInstances: 3,
    });
    expect(packed.length).toBeGreaterThanOrEqual(4);
    expect(whole.length).toBeGreaterThanOrEqual(4);
    expect(ratio).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(0.93);
  });

  it('is the same every time', () => {
    const trace = waves(3, DAY, 120);
    expect(packedVsWhole(trace, DEFAULT_MODEL)).toEqual(packedVsWhole(trace, DEFAULT_MODEL));
  });
});
