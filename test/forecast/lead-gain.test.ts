import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import type { Forecast, Indicators } from '../../core/forecast/forecast.ts';
import { quantile, T0 } from './series.ts';

const STEP = 600;
const LAG = 12;
const DAYS = 24;

/** A load that repeats two hours later what an indicator does, besides what only it does. */
function made(seed: number) {
  const normal = normals(seed);
  let at = 0;
  const wave = Array.from({ length: DAYS * 144 }, () => (at = 0.95 * at + 0.312 * normal()));
  const season = (i: number) => 1 - 0.6 * Math.cos((2 * Math.PI * i) / 144);
  return {
    load: wave.map((_, i) => Math.max(0, 100 * season(i) * (1 + 0.2 * (wave[i - LAG] ?? 0)) + 2 * normal())),
    queue: wave.map((v, i) => 20 * season(i) * (1 + 0.2 * v) + 0.3 * normal()),
    foreign: wave.map(() => normal()),
  };
}

/** Mean absolute error of the median over the last third, at each lead, and the last forecast. */
function play(load: readonly number[], leads: readonly number[], indicators?: Indicators) {
  const analyser = new Analyser({
    shard: 's',
    step: STEP,
    leads: leads.map((lead) => lead * STEP),
    ...(indicators && { indicators }),
  });
  const errors = leads.map(() => ({ sum: 0, count: 0 }));
  let last: Forecast | undefined;
  for (let i = 0; i < load.length; i++) {
    analyser.observe({ time: T0 + i * STEP, load: load[i]! });
    if (i < (2 * load.length) / 3 || i % 3 > 0) continue;
    last = analyser.forecast(
      T0 + i * STEP,
      leads.map((lead) => lead * STEP),
    );
    for (const [k, lead] of leads.entries()) {
      if (i + lead >= load.length) continue;
      errors[k]!.sum += Math.abs(load[i + lead]! - quantile(last, 0.5, k));
      errors[k]!.count += 1;
    }
  }
  return { mae: errors.map(({ sum, count }) => sum / count), last: last! };
}

const from = (values: Readonly<Record<string, readonly number[]>>): Indicators => {
  const names = Object.keys(values);
  return { names, at: (i, time) => values[names[i]!]![Math.round((time - T0) / STEP)] ?? Number.NaN };
};

describe('a load with a leading indicator', () => {
  const leads = [6, 12, 24, 144];

  it('is forecast better with it, as far as it leads and beyond', () => {
    const { load, queue, foreign } = made(1);
    const alone = play(load, leads);
    const led = play(load, leads, from({ foreign, queue }));
    const gain = led.mae.map((one, k) => one / alone.mae[k]!);
    expect(gain[0]).toBeLessThan(0.6);
    expect(gain[1]).toBeLessThan(0.6);
    expect(gain[2]).toBeLessThan(0.95);
    expect(gain[3]).toBeLessThan(1.05);
    expect(led.last.moved?.[0]?.cause).toMatch(/^indicator queue \(12\d min ahead\)$/);
  });

  it('is forecast the same with one that has nothing to say', () => {
    const { load, foreign } = made(2);
    expect(play(load, leads, from({ foreign })).mae).toEqual(play(load, leads).mae);
  });
});
