import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveSettings, shardNames } from '../../backtest/input/derive.ts';
import { renderSettings } from '../../backtest/input/render-settings.ts';
import type { LoadTrace } from '../../backtest/load.ts';
import { parseSettings } from '../../core/settings/parse.ts';

const traceOf = (shards: readonly string[], peak: (s: number) => number): LoadTrace => ({
  name: 'my load.2026',
  shards,
  start: 0,
  step: 60,
  values: shards.map((_, s) => Float64Array.of(0, Number.NaN, peak(s), peak(s) / 2)),
});

describe('derived settings', () => {
  it('need the asked number of instances at each peak', () => {
    const settings = deriveSettings(
      traceOf(['a', 'b'], (s) => [200, 1 / 3][s]!),
      10,
    );
    expect(settings.service).toBe('my-load-2026');
    expect(settings.shards.map((shard) => shard.capacity.perInstance)).toEqual([20, 0.0333334]);
    expect(settings.shards.map((shard) => [shard.mode, shard.guarantee])).toEqual([
      ['active', 1],
      ['active', 1],
    ]);
    expect(settings.readyPool.max).toBe(2);
    expect(settings.fleet.max).toBe(20 + 2 + 1);
  });

  it('never need more than that: the capacity is rounded up', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        (peak, n) => {
          const { perInstance } = deriveSettings(
            traceOf(['a'], () => peak),
            n,
          ).shards[0]!.capacity;
          expect(Math.ceil(peak / perInstance - 1e-9)).toBe(n);
          expect(perInstance * n).toBeGreaterThanOrEqual(peak * (1 - 1e-12));
          expect(perInstance * n).toBeLessThan(peak * 1.0001);
        },
      ),
    );
  });

  it('price unmet load by the unit where the shards can share one, else by the instance', () => {
    const costs = (peaks: readonly number[]) =>
      deriveSettings(
        traceOf(
          peaks.map((_, s) => `s${s}`),
          (s) => peaks[s]!,
        ),
      ).costs;
    // 12 instance-hours per hour in which the mean shard's instance (peak 60 / 20 = 3) is missing; 4 for any shard.
    expect(costs([20, 100])).toMatchObject({ unmetUnitHour: 0.403, unmetInstanceHour: 0.403 });
    expect(costs([1, 1e9])).toMatchObject({ unmetInstanceHour: 1.21 });
    expect(costs([1, 1e9]).unmetUnitHour).toBeUndefined();
    expect(costs([0, 1e9]).unmetUnitHour).toBeGreaterThan(0);
  });

  it('give a shard without load a capacity all the same', () => {
    expect(deriveSettings(traceOf(['a'], () => 0)).shards[0]?.capacity.perInstance).toBe(1);
  });

  it('refuse a senseless number of instances', () => {
    for (const n of [0, 1.5, -1, Number.NaN, 10_001]) {
      expect(() =>
        deriveSettings(
          traceOf(['a'], () => 1),
          n,
        ),
      ).toThrow(`got ${n}`);
    }
  });

  it('come back from their YAML, with any column names and any number of them', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 8 }), (columns) => {
        const settings = deriveSettings(traceOf(columns, (s) => s * 1.7));
        expect(parseSettings(renderSettings(settings, ['a note']), 'f')).toEqual(settings);
      }),
      { numRuns: 50 },
    );
    const many = deriveSettings(
      traceOf(
        Array.from({ length: 101 }, (_, s) => `T ${s}`),
        () => 1,
      ),
    );
    expect(parseSettings(renderSettings(many, []), 'f')).toEqual(many);
  });

  it('come back when they say much', () => {
    const text = `service: s
shards:
  - { name: a, capacity: { perInstance: 2 }, standby: { instances: 2 }, max: 9, react: { latency: 0.5 }, route: { header: x, value: "y: z" } }
  - { name: b, capacity: { perInstance: 3, unit: "#1" }, handOver: { state: copy, stateMiB: 512 } }
readyPool: { target: 3 }
fleet: { max: 50, warmMax: 20, instanceTypes: [{ type: m7i.large }, { type: c7g.xlarge, weight: 2 }] }
calendar: [{ name: "sale: day", start: 2026-01-05T00:00:00Z, end: 2026-01-06T00:00:00Z, factor: 2, shards: [a] }]
`;
    const settings = parseSettings(text, 'f');
    expect(parseSettings(renderSettings(settings, []), 'f')).toEqual(settings);
  });

  it('carry a comment for each field of the fleet', () => {
    const lines = renderSettings(deriveSettings(traceOf(['a'], () => 1)), ['first line']).split('\n');
    expect(lines[0]).toBe('# first line');
    for (const field of ['max', 'spotShare', 'leadTimes', 'cold', 'launchFailures']) {
      const i = lines.findIndex((line) => line.trim().startsWith(`${field}:`));
      expect(lines[i - 1], field).toMatch(/^ +# /);
    }
  });
});

describe('names of shards', () => {
  it('keep what is allowed and stay unique', () => {
    expect(
      shardNames(['ec2_cpu', 'ec2-cpu', 'EC2 CPU', '--', 'Größe', 'x'.repeat(40), 'x'.repeat(41)]),
    ).toEqual(['ec2-cpu', 'ec2-cpu-2', 'EC2-CPU-3', 'shard', 'Gro-e', 'x'.repeat(32), `${'x'.repeat(30)}-2`]);
  });
});
