import { describe, expect, it } from 'vitest';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { forecastOrigins, GIVEN } from '../../core/forecast/series/run.ts';
import { withinStep } from '../../core/forecast/series/within-step.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { daily, T0 } from './series.ts';

describe('horizons of less than a step', () => {
  // Two weeks by the hour, up to the steepest rise of the day.
  const values = daily(14.25, { perDay: 24, noise: 0.02 });
  const series = [{ name: 'a', times: values.map((_, i) => T0 + i * HOUR), values }];
  const newest = T0 + (values.length - 1) * HOUR;
  const rowsAt = (origin: Seconds, horizons: readonly Seconds[]) => {
    const found = forecastOrigins({
      series,
      origins: [{ series: 'a', origin }],
      horizons,
      make: ({ series: shard, grid, leads, indicators }) =>
        new Analyser({ shard, step: grid.step, leads, indicators }),
    });
    return horizons.map((_, h) => [...found.slice(h * GIVEN.length, (h + 1) * GIVEN.length)]);
  };
  const median = 1;

  it('lie on the way from the newest value to the next slot, as wide as that one', () => {
    const [five, half, next] = rowsAt(newest, [5 * MINUTE, 30 * MINUTE, HOUR]) as [
      number[],
      number[],
      number[],
    ];
    const last = values.at(-1)!;
    const rise = next[median]! - last;
    expect(rise).toBeGreaterThan(0.05 * last);
    expect((five[median]! - last) / rise).toBeCloseTo(1 / 12, 6);
    expect((half[median]! - last) / rise).toBeCloseTo(1 / 2, 6);
    for (const row of [five, half]) expect(row[4]! - row[median]!).toBeCloseTo(next[4]! - next[median]!, 6);
  });

  it('are counted from the newest value, not from the origin', () => {
    const late = rowsAt(newest + 20 * MINUTE, [10 * MINUTE, 40 * MINUTE]);
    const [half, next] = rowsAt(newest, [30 * MINUTE, HOUR]);
    expect(late[0]![median]).toBeCloseTo(half![median]!, 6);
    expect(late[1]![median]).toBeCloseTo(next![median]!, 6);
  });

  const made = (more: Partial<Forecast> = {}): Forecast => ({
    shard: 's',
    at: T0,
    knownUntil: T0,
    horizons: [{ ahead: 300, quantiles: LEVELS.map((_, i) => i) }],
    method: '',
    ...more,
  });

  it('are not below zero', () => {
    const { quantiles } = withinStep(made(), { time: T0, load: 0 }, 600).horizons[0]!;
    expect(Array.from(quantiles)).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('do not begin at a load that is withheld', () => {
    const unusual = { kind: 'zero', since: T0, load: 0, median: 4, low: 1, high: 9, withheld: true } as const;
    const broken = made({ unusual });
    expect(withinStep(broken, { time: T0, load: 0 }, 600)).toBe(broken);
  });
});
