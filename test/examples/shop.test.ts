import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readLoad } from '../../backtest/input/read-load.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { FLASH_CROWD, LAUNCH, SHARDS, START, STEP, STEPS, shopLoad } from '../../examples/shop-load.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const data = join(examples, 'data', 'shop.csv.gz');
const settings = parseSettings(readFileSync(join(examples, 'shop.yaml'), 'utf8'), 'shop.yaml');
const trace = await readLoad(data);

/** Values of a shard from `from` to `to`, in days after the start. */
function load(shard: string, from: number, to: number): number[] {
  const perDay = 86_400 / STEP;
  return [...trace.values[trace.shards.indexOf(shard)]!.slice(from * perDay, to * perDay)];
}
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const day = (time: number) => (time - START) / 86_400;

describe('the bundled example', () => {
  it('is what its generator makes of the seed', () => {
    expect(gunzipSync(readFileSync(data)).toString()).toBe(shopLoad());
  });

  it('is small, whole, and three weeks long from a Monday', () => {
    expect(readFileSync(data).length).toBeLessThan(400_000);
    expect(trace).toMatchObject({ shards: SHARDS, start: START, step: STEP });
    expect(trace.values.every((one) => one.length === STEPS && !one.some(Number.isNaN))).toBe(true);
    expect(new Date(START * 1000).getUTCDay()).toBe(1);
  });

  it('has settings for the same shards, and the launch in their calendar', () => {
    expect(settings.shards.map((shard) => shard.name)).toEqual(SHARDS);
    const launch = settings.calendar.find((event) => event.shards?.includes('recommendations'));
    expect(launch?.start).toBe(formatStamp(LAUNCH));
    expect(settings.fleet).toMatchObject({ spotShare: 0.4, launchFailures: 0.01 });
  });

  it('launches and is stormed in the judged week', () => {
    expect(day(LAUNCH)).toBeGreaterThan(14);
    expect(mean(load('recommendations', 16, 18)) / mean(load('recommendations', 9, 11))).toBeGreaterThan(1.7);
    const at = day(FLASH_CROWD);
    const before = mean(load('catalog', at - 0.02, at));
    expect(Math.max(...load('catalog', at, at + 0.02)) / before).toBeGreaterThan(1.9);
    expect(settings.calendar.some((event) => event.shards?.includes('catalog'))).toBe(false);
  });

  it('has a dying shard and one that emerges', () => {
    expect(mean(load('reviews', 20, 21)) / mean(load('reviews', 6, 7))).toBeLessThan(0.1);
    expect(Math.max(...load('gift-finder', 0, 11))).toBe(0);
    expect(mean(load('gift-finder', 20, 21))).toBeGreaterThan(100);
  });

  it('has a night batch, and a shard for weekends that is powered down else', () => {
    expect(mean(load('seller-feed', 15, 15 + 5 / 24)) / mean(load('seller-feed', 15.5, 16))).toBeGreaterThan(
      4,
    );
    expect(Math.max(...load('flash-deals', 14, 18))).toBe(0);
    expect(Math.max(...load('flash-deals', 18, 21))).toBeGreaterThan(400);
    expect(settings.shards.find((shard) => shard.standby)?.name).toBe('flash-deals');
  });

  it('fits into its fleet except when it is stormed', () => {
    let worst = 0;
    let most = 0;
    for (let i = 0; i < STEPS; i++) {
      const need = settings.shards.reduce(
        (sum, shard, s) => sum + Math.ceil(trace.values[s]![i]! / shard.capacity.perInstance),
        0,
      );
      const stormed = Math.abs(START + i * STEP - FLASH_CROWD) < 7200;
      if (!stormed) most = Math.max(most, need);
      worst = Math.max(worst, need);
    }
    expect({ most, worst }).toSatisfy(() => most < settings.fleet.max - settings.readyPool.max);
    expect(worst).toBeLessThanOrEqual(settings.fleet.max);
  });
});
