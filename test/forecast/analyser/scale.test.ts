import { expect, it } from 'vitest';
import { Scale } from '../../../core/forecast/analyser/scale.ts';
import { handOver, series } from './scene.ts';

function scaleOf(errors: readonly number[]): Scale {
  const scale = new Scale();
  for (const error of errors) scale.add(error);
  return scale;
}

const ones = (count: number) => series(count, (i) => (i % 2 === 0 ? 1 : -1));

it('before there are errors is a share of the level, and of how far the newest loads are apart', () => {
  const scale = new Scale();
  expect(scale.quick(1000, 0)).toBeGreaterThan(50);
  expect(scale.quick(1000, 0)).toBeLessThan(500);
  expect(scale.quick(1000, 300)).toBeGreaterThan(scale.quick(1000, 0) + 200);
  expect(scale.steady(1000, 300)).toBe(scale.quick(1000, 300));
});

it('becomes the size of the errors', () => {
  expect(scaleOf(ones(5)).quick(100, 0)).toBeGreaterThan(2);
  for (const size of ['quick', 'steady'] as const) expect(scaleOf(ones(500))[size](0, 0)).toBeCloseTo(1, 2);
});

it('has the unit of the errors', () => {
  const errors = ones(30).map((error, i) => error * (1 + (i % 7)));
  for (const unit of [1e-3, 1e9]) {
    const scaled = scaleOf(errors.map((error) => unit * error));
    expect(scaled.quick(unit * 50, 0) / unit).toBeCloseTo(scaleOf(errors).quick(50, 0), 5);
    expect(scaled.steady(unit * 50, 0) / unit).toBeCloseTo(scaleOf(errors).steady(50, 0), 5);
  }
});

it('is quick to grow with an error and to shrink again, while the steady one hardly moves', () => {
  const scale = scaleOf(ones(1000));
  scale.add(15);
  const shocked = scale.quick(0, 0);
  expect(shocked).toBeGreaterThan(2);
  expect(scale.steady(0, 0)).toBeLessThan(1.5);
  for (const error of ones(60)) scale.add(error);
  expect(scale.quick(0, 0)).toBeLessThan(shocked / 2);
});

it('is less in calm hours, but does not forget the others', () => {
  const scale = scaleOf([...ones(1000), ...ones(100).map((error) => error / 1000)]);
  expect(scale.quick(0, 0)).toBeLessThan(0.6 * scale.steady(0, 0));
  expect(scale.quick(0, 0)).toBeGreaterThan(0.1);
});

it('does not take one monstrous error for what is usual', () => {
  const scale = scaleOf([...ones(1000), 1e9]);
  expect(scale.steady(0, 0)).toBeLessThan(3);
});

it('is never nothing', () => {
  const scale = scaleOf(series(1000, () => 0));
  expect(scale.quick(0, 0)).toBeGreaterThan(0);
  expect(scale.steady(1000, 0)).toBeGreaterThan(1);
  expect(scale.steady(1000, 0)).toBeLessThan(10);
});

it('goes on after it was put away', () => {
  const scale = scaleOf([1, 5, 2, 8]);
  const other = handOver(scale, new Scale());
  for (const one of [scale, other]) one.add(3);
  expect([other.quick(7, 1), other.steady(7, 1)]).toEqual([scale.quick(7, 1), scale.steady(7, 1)]);
});
