import { describe, expect, it } from 'vitest';
import { normals } from '../../../backtest/model/fill.ts';
import { Blend, type Centre } from '../../../core/forecast/analyser/blend.ts';
import { lastPoints } from '../../../core/forecast/analyser/samples/recent.ts';
import { LEVELS, MEDIAN } from '../../../core/forecast/forecast.ts';
import { handOver, noise, Scene } from './scene.ts';

const HOURS = 24;
const MEMORY = 200;
const LEAD = 2;
const UPPER = LEVELS.indexOf(0.9);

/** Scores a blend along a series, with what a mix would have said of each point. */
function play(values: readonly number[], mixed: (i: number) => Centre, only?: string) {
  const scene = new Scene();
  const blend = new Blend(MEMORY, only);
  for (const [i, load] of values.entries()) {
    scene.push([load]);
    if (i >= LEAD) blend.score(scene.moment(LEAD, { index: i - LEAD }), mixed(i), load);
  }
  const moment = scene.moment(LEAD);
  const made = mixed(values.length - 1 + LEAD);
  const quantiles = blend.quantiles(moment, made);
  const sampled = (level: number) => blend.told(level).reduce((sum, [, share]) => sum + share, 0);
  return { blend, moment, made, quantiles, sampled: [sampled(MEDIAN), sampled(UPPER)] as const };
}

const sizes = (size: number) => ({ quick: size, steady: size });

describe('the quantiles of one lead', () => {
  it('are those of the mix before there is a record', () => {
    const { quantiles, sampled } = play([5, 6, 7], () => ({ centre: 50, ...sizes(10) }));
    expect(sampled).toEqual([0, 0]);
    expect(quantiles[MEDIAN]).toBeCloseTo(50);
    expect(quantiles[UPPER]).toBeCloseTo(50 + (50 - quantiles[2]!));
  });

  it('are those of the mix where that is right', () => {
    const normal = normals(4);
    // A load that jumps about in a way that only the mix knows, but for a little.
    const known = Array.from({ length: 600 }, (_, i) => 500 + 400 * Math.sin(i * i));
    const values = known.map((load) => load + 5 * normal());
    const { quantiles, sampled, made } = play(values, (i) => ({ centre: known[i] ?? 321, ...sizes(5) }));
    expect(Math.max(...sampled)).toBeLessThan(0.05);
    expect(quantiles[MEDIAN]).toBeGreaterThan(made.centre - 3);
    expect(quantiles[MEDIAN]).toBeLessThan(made.centre + 3);
    expect(quantiles[UPPER]! - made.centre).toBeGreaterThan(4);
    expect(quantiles[UPPER]! - made.centre).toBeLessThan(9);
  });

  it('are those of past loads where the mix knows nothing', () => {
    const normal = normals(5);
    const { quantiles, sampled } = play(noise(20 * HOURS), () => ({
      centre: Math.abs(1000 * normal()),
      ...sizes(800),
    }));
    expect(Math.min(...sampled)).toBeGreaterThan(0.95);
    // Of a mean of 100 and a deviation of 20.
    expect(quantiles[MEDIAN]).toBeGreaterThan(85);
    expect(quantiles[MEDIAN]).toBeLessThan(115);
    expect(quantiles[UPPER]).toBeGreaterThan(110);
    expect(quantiles[UPPER]).toBeLessThan(160);
  });

  it('take of the two sizes of error the one that served', () => {
    const normal = normals(6);
    const busy = (i: number) => (Math.floor(i / 40) % 2 === 0 ? 50 : 1);
    const values = Array.from({ length: 1200 }, (_, i) => 1e4 + 1e3 * Math.sin(i * i) + busy(i) * normal());
    const width = (quick: (i: number) => number, steady: (i: number) => number, now: Centre) => {
      const { blend, moment } = play(values, (i) => ({
        centre: 1e4 + 1e3 * Math.sin(i * i),
        quick: quick(i),
        steady: steady(i),
      }));
      const quantiles = blend.quantiles(moment, now);
      return quantiles[UPPER]! - quantiles[2]!;
    };
    // The quick one knows busy hours from calm ones, then it is the other way round; now they disagree.
    const right = width(busy, () => 35, { centre: 500, quick: 1, steady: 35 });
    const wrong = width(
      (i) => 51 - busy(i),
      () => 35,
      { centre: 500, quick: 1, steady: 35 },
    );
    expect(right).toBeLessThan(15);
    expect(wrong).toBeGreaterThan(2 * right);
  });

  it('are never below nothing, and never fall with the level', () => {
    const normal = normals(7);
    const values = noise(300).map((load, i) => (i % 5 === 0 ? 0 : load / 10));
    for (let count = 1; count < 300; count += 23) {
      const { quantiles } = play(values.slice(0, count), () => ({
        centre: Math.abs(20 * normal()),
        ...sizes(30),
      }));
      for (const [i, quantile] of quantiles.entries())
        expect(quantile).toBeGreaterThanOrEqual(quantiles[i - 1] ?? 0);
    }
  });

  it('of one sample alone are that one', () => {
    const { blend } = play(noise(300), () => ({ centre: 100, ...sizes(20) }), lastPoints.name);
    expect(blend.told(MEDIAN).filter(([, share]) => share > 0)).toEqual([[lastPoints.name, 1]]);
  });

  it('go on after they were put away', () => {
    const { blend, moment, made, quantiles } = play(noise(300), () => ({ centre: 100, ...sizes(20) }));
    expect(handOver(blend, new Blend(MEMORY)).quantiles(moment, made)).toEqual(quantiles);
  });
});
