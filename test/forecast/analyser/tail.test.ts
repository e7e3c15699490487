import { describe, expect, it } from 'vitest';
import { normals } from '../../../backtest/model/fill.ts';
import { TAIL, Tail } from '../../../core/forecast/analyser/tail.ts';
import { LEVELS } from '../../../core/forecast/forecast.ts';
import { handOver } from './scene.ts';

const FROM = LEVELS.length - TAIL;
const said = LEVELS.map((_, i) => 10 + i);
const widened = (tail: Tail, scale = 1) => {
  const quantiles = [...said];
  tail.widen(quantiles, scale);
  return quantiles;
};

/** Forecasts and learns so often. Returns the share of loads above each of the upper quantiles. */
function play(tail: Tail, quantiles: readonly number[], load: (i: number) => number, times: number) {
  const upper = new Float32Array(TAIL);
  const above = new Array<number>(TAIL).fill(0);
  for (let i = 0; i < times; i++) {
    tail.widen([...quantiles], 1, upper);
    const came = load(i);
    upper.forEach((quantile, k) => {
      if (came > quantile) above[k]! += 1 / times;
    });
    tail.learn(upper, 0, came);
  }
  return above;
}

describe('the upper quantiles', () => {
  it('stay as they are while they are not exceeded', () => {
    const tail = new Tail();
    play(tail, said, () => 0, 500);
    expect(widened(tail)).toEqual(said);
  });

  it('widen while they are, in units of the scale, within bounds, and come back', () => {
    const tail = new Tail();
    play(tail, said, () => 1e6, 30);
    const wider = widened(tail);
    expect(wider[FROM]! - said[FROM]!).toBeGreaterThan(0.5);
    expect(widened(tail, 5)[FROM]! - said[FROM]!).toBeCloseTo(5 * (wider[FROM]! - said[FROM]!), 4);
    expect(wider.slice(0, FROM)).toEqual(said.slice(0, FROM));
    play(tail, said, () => 1e6, 2000);
    expect(widened(tail)[FROM]! - said[FROM]!).toBeLessThan(10);
    play(tail, said, () => 0, 400_000);
    expect(widened(tail)).toEqual(said);
  });

  it('hold what they say where the forecast is far too sure', () => {
    const normal = normals(1);
    // As if errors were half of what they are.
    const sure = [-2.3, -1.6, -1.3, -0.7, 0, 0.7, 1.3, 1.6, 2.1, 2.3, 2.6, 3.1].map((q) => q / 2);
    const above = play(new Tail(), sure, () => normal(), 20_000);
    expect(above[0]).toBeLessThan(0.03);
    expect(above[1]).toBeLessThan(0.016);
  });

  it('hardly widen where they are right', () => {
    const normal = normals(2);
    const right = [-2.33, -1.64, -1.28, -0.67, 0, 0.67, 1.28, 1.64, 2.05, 2.33, 2.58, 3.09];
    const above = play(new Tail(), right, () => normal(), 20_000);
    expect(above[0]).toBeGreaterThan(0.008);
    expect(above[1]).toBeGreaterThan(0.003);
  });

  it('never fall, even where a lower one was widened more', () => {
    const tail = new Tail();
    // Exceeds the first of them only.
    play(tail, said, () => said[FROM]! + 0.5, 100);
    const flat = LEVELS.map(() => 7);
    tail.widen(flat, 1);
    for (let i = 1; i < flat.length; i++) expect(flat[i]!).toBeGreaterThanOrEqual(flat[i - 1]!);
    expect(flat.at(-1)!).toBeGreaterThan(7);
  });

  it('go on after they were put away', () => {
    const tail = new Tail();
    play(tail, said, (i) => (i % 5) * 10, 40);
    const other = handOver(tail, new Tail());
    for (const one of [tail, other]) play(one, said, (i) => (i % 3) * 15, 10);
    expect(widened(other)).toEqual(widened(tail));
    expect(widened(tail)).not.toEqual(said);
  });
});
