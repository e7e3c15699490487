import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { measureNewShards } from '../../bench/forecast/new-shards.ts';

/** Hourly loads of three weeks. @param days what each series is at an hour of the day */
function file(days: readonly ((hour: number) => number)[]): string {
  const normal = normals(1);
  const rows = Array.from({ length: 21 * 24 }, (_, i) => {
    const time = new Date(Date.UTC(2026, 0, 5, i)).toISOString();
    return [time, ...days.map((day) => Math.max(0, day(i % 24) * (1 + 0.05 * normal())).toFixed(2))].join();
  });
  const path = join(mkdtempSync(join(tmpdir(), 'new-shards-')), 'load.csv');
  writeFileSync(path, [['time', ...days.map((_, s) => `s${s}`)].join(), ...rows].join('\n'));
  return path;
}

const day = (hour: number) => 1.1 - Math.cos((2 * Math.PI * hour) / 24);

it('the day of the others is worth much where it is the same, and costs little later where it is none', async () => {
  const same = await measureNewShards(
    [file([1, 20, 300].map((size) => (hour) => size * day(hour)))],
    'first',
    8,
  );
  expect(same.newShardWql24h).toBeLessThan(0.6);
  expect(same.newShardWql4h).toBeLessThan(0.8);
  expect(same.rows.map(({ day: nth }) => nth)).toEqual([1, 2]);
  const flat = file([(hour) => 1e4 * day(hour), () => 1, () => 2]);
  const { rows } = await measureNewShards([flat], 'first', 8);
  expect(rows[1]!['4h']).toBeLessThan(1.1);
});

it('leaves files of one series out', async () => {
  const { rows, newShardWql24h } = await measureNewShards([file([day])], 'last', 8);
  expect([rows, newShardWql24h]).toEqual([[], Number.NaN]);
});
