import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEPT, LoadRecords } from '../../adapters/aws/load-records.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { DAY, MINUTE } from '../../core/time.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { T0 } from '../world/fixtures.ts';

function stage() {
  const table = new MemoryTable();
  let writes = 0;
  const put = table.put.bind(table);
  table.put = (item, only) => {
    writes++;
    return put(item, only);
  };
  return { table, records: new LoadRecords(table), writes: () => writes };
}

const loads = (entries: Record<string, number>) => new Map(Object.entries(entries));

describe('load records', () => {
  it('give back what was written, after `from` and up to `to`, ascending', async () => {
    const { records } = stage();
    for (const minute of [2, 0, 1]) await records.write(T0 + minute * MINUTE, loads({ web: minute, api: 9 }));
    expect(Object.fromEntries(await records.read(T0, T0 + 2 * MINUTE))).toEqual({
      web: [
        { time: T0 + 60, load: 1 },
        { time: T0 + 120, load: 2 },
      ],
      api: [
        { time: T0 + 60, load: 9 },
        { time: T0 + 120, load: 9 },
      ],
    });
    expect(await records.read(T0 + 120, T0 + 3600)).toEqual(new Map());
    expect((await records.read(T0 - 1, T0)).get('web')).toEqual([{ time: T0, load: 0 }]);
    expect([...(await records.read(T0, T0 + 120, ['api', 'new'])).keys()]).toEqual(['api']);
  });

  it('write one item a minute, once, that expires after 16 days', async () => {
    const { table, records, writes } = stage();
    await records.write(T0, loads({ web: 1 / 3, constructor: 2e-9 }));
    expect(writes()).toBe(1);
    const [item, ...more] = await table.query('load#2026-01-05');
    expect(more).toEqual([]);
    expect(item).toEqual({
      pk: 'load#2026-01-05',
      sk: '2026-01-05T00:00:00Z',
      shards: 'constructor web',
      loads: new Uint8Array(Float32Array.of(2e-9, 1 / 3).buffer),
      ttl: T0 + KEPT,
    });
    await records.write(T0 + MINUTE, new Map());
    expect(await table.query('load#2026-01-05')).toHaveLength(1);
  });

  it('take in a shard that comes late, and a newer value, without losing the others', async () => {
    const { records } = stage();
    await records.write(T0, loads({ web: 1, api: 2 }));
    await records.write(T0, loads({ late: 3, api: 4 }));
    const read = await records.read(T0 - 1, T0);
    expect([...read].map(([shard, [point]]) => [shard, point!.load]).sort()).toEqual([
      ['api', 4],
      ['late', 3],
      ['web', 1],
    ]);
  });

  it('reach over days, with shards that come and go', async () => {
    const model = new Map<string, LoadPoint[]>();
    const { records } = stage();
    const some = fc.sample(fc.subarray(['a', 'b', 'c', 'd']), { numRuns: 120, seed: 7 });
    for (const [i, shards] of some.entries()) {
      const time = T0 + i * 37 * MINUTE;
      await records.write(time, new Map(shards.map((shard) => [shard, i])));
      for (const shard of shards) model.set(shard, [...(model.get(shard) ?? []), { time, load: i }]);
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -9, max: 5000 }), fc.nat(5000), async (start, length) => {
        const [from, to] = [T0 + start * MINUTE - 30, T0 + (start + length) * MINUTE];
        const expected = [...model]
          .map(([shard, points]) => [shard, points.filter(({ time }) => time > from && time <= to)] as const)
          .filter(([, points]) => points.length > 0);
        const sorted = <T>(pairs: Iterable<readonly [string, T]>) =>
          [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(await records.read(from, to))).toEqual(sorted(expected));
      }),
      { numRuns: 50 },
    );
    expect([...model.values()].flat().some(({ time }) => time > T0 + 2 * DAY)).toBe(true);
  });

  it('split a minute of 20,000 shards, and still merge what comes late', async () => {
    const { table, records } = stage();
    const name = (i: number) => `a-shard-with-quite-a-name-${i}`;
    const all = new Map(Array.from({ length: 20_000 }, (_, i) => [name(i), 1000 / (i + 1)]));
    await records.write(T0, all);
    const parts = await table.query('load#2026-01-05');
    expect(parts.map(({ sk }) => sk.slice(20))).toEqual(['', '#1', '#2']);
    await records.write(T0, loads({ late: 1 }));
    await records.write(T0 + MINUTE, loads({ late: 2 }));
    const read = await records.read(T0 - 1, T0 + MINUTE);
    expect(read.size).toBe(20_001);
    expect(read.get('late')).toHaveLength(2);
    for (const [shard, load] of all) expect(read.get(shard)![0]!.load / load).toBeCloseTo(1, 6);
  });
});
