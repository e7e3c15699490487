import { expect, it } from 'vitest';
import { normals } from '../../../backtest/model/fill.ts';
import { Shape } from '../../../core/forecast/analyser/shape.ts';
import { LEVELS, MEDIAN } from '../../../core/forecast/forecast.ts';
import { handOver, series } from './scene.ts';

function shapeOf(errors: readonly number[]): Shape {
  const shape = new Shape();
  for (const error of errors) shape.add(error);
  return shape;
}

const quantile = (shape: Shape, level: (typeof LEVELS)[number]) => shape.quantiles[LEVELS.indexOf(level)]!;

it('before there are errors is even on both sides', () => {
  const shape = new Shape();
  expect(quantile(shape, 0.5)).toBeCloseTo(0);
  expect(quantile(shape, 0.9)).toBeCloseTo(-quantile(shape, 0.1));
  expect(quantile(shape, 0.9)).toBeGreaterThan(0.5);
  expect(quantile(shape, 0.999)).toBeLessThan(6);
});

it('always ascends', () => {
  const normal = normals(3);
  const shape = new Shape();
  for (let i = 0; i < 2000; i++) {
    shape.add(i % 3 === 0 ? 0 : 20 * normal());
    const { quantiles } = shape;
    for (let k = 1; k < LEVELS.length; k++) expect(quantiles[k]!).toBeGreaterThanOrEqual(quantiles[k - 1]!);
  }
});

it('becomes that of the errors', () => {
  // 0 … 1 in an order that is not theirs.
  const shape = shapeOf(series(6000, (i) => ((i * 37) % 1000) / 1000));
  // They are counted in bins, a little of what was expected before among them.
  LEVELS.forEach((level, i) => {
    expect(Math.abs(shape.quantiles[i]! - level)).toBeLessThan(0.1);
  });
});

it('knows the upper tail', () => {
  const normal = normals(1);
  const shape = shapeOf(series(9000, () => normal()));
  expect(quantile(shape, 0.99)).toBeGreaterThan(2.1);
  expect(quantile(shape, 0.99)).toBeLessThan(2.6);
  expect(quantile(shape, 0.999)).toBeGreaterThan(2.7);
  expect(quantile(shape, 0.999)).toBeLessThan(3.7);
});

it('counts an error as at most sixty times its scale', () => {
  expect(quantile(shapeOf(series(100, () => 1e9)), 0.99)).toBeCloseTo(60, 0);
  expect(quantile(shapeOf(series(100, () => -1e9)), 0.01)).toBeCloseTo(-60, 0);
  expect(quantile(shapeOf(series(100, () => Number.POSITIVE_INFINITY)), 0.99)).toBeCloseTo(60, 0);
});

it('forgets', () => {
  const normal = normals(2);
  const shape = shapeOf(series(3000, () => 5 + normal()));
  expect(shape.quantiles[MEDIAN]).toBeGreaterThan(4.5);
  for (let i = 0; i < 9000; i++) shape.add(normal());
  expect(Math.abs(shape.quantiles[MEDIAN]!)).toBeLessThan(0.3);
});

it('goes on after it was put away', () => {
  const normal = normals(4);
  const shape = shapeOf(series(130, () => normal()));
  const other = handOver(shape, new Shape());
  for (let i = 0; i < 30; i++) for (const one of [shape, other]) one.add(i / 10);
  expect(other.quantiles).toEqual(shape.quantiles);
});
