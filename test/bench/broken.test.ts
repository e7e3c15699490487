import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureBroken } from '../../bench/forecast/broken.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/data/shop.csv.gz');

describe('metrics that break for half an hour', () => {
  it('move next to nothing, and very much where they are believed', async () => {
    const { brokenMetricHours, rows } = await measureBroken([EXAMPLE], [15]);
    expect(rows.map(({ set, kind }) => [set, kind])).toEqual([
      ['shop', 'flat'],
      ['shop', 'zero'],
      ['shop', 'x1000'],
    ]);
    expect(Math.abs(brokenMetricHours - 1)).toBeLessThan(0.03);
    for (const { hours, unmet } of rows) {
      expect(Math.abs(hours - 1)).toBeLessThan(0.05);
      expect(unmet).toBeLessThan(0.01);
    }
    const of = (kind: string) => rows.find((row) => row.kind === kind)!;
    expect(of('x1000').hoursBelieving).toBeGreaterThan(3);
    expect(of('zero').unmetBelieving).toBeGreaterThan(0.05);
  }, 60_000);

  it('of no trace are nothing', async () => {
    expect(await measureBroken([])).toEqual({ brokenMetricHours: Number.NaN, rows: [] });
  });
});
