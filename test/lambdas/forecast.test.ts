import { describe, expect, it } from 'vitest';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { DAY } from '../../core/time.ts';
import { schema } from '../../lambdas/forecast/handler.ts';
import { forecast } from '../../lambdas/forecast/work.ts';
import { parseInput } from '../../lambdas/lib/input.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

const NAMES = Array.from({ length: 60 }, (_, i) => `s${i}`);

function stage(names: readonly string[] = NAMES, holidays: Settings['holidays'] = []) {
  const settings = { ...settingsOf(names, { max: 200 }), holidays };
  const table = new MemoryTable();
  const clock = new VirtualClock(T0);
  const forecasts = new ForecastStore(table);
  const broken = new Set<number>();
  const chunks: number[] = [];
  const parts = () => ({
    records: new LoadRecords(table),
    metrics: { history: async () => [{ time: T0 - 60, load: 5 }] },
    forecasts,
    states: {
      read: async (chunk: number) => {
        if (broken.has(chunk)) throw new Error('slow down');
        chunks.push(chunk);
        return undefined;
      },
      write: async () => {},
    },
  });
  const world = { clock, settings: async () => settings, parts };
  const run = (event: unknown, seconds = 300) =>
    clock.settle(forecast(world, parseInput('forecast', schema, event), clock.now() + seconds));
  return { clock, table, forecasts, broken, chunks, run };
}

describe('forecast', () => {
  it('says which chunks there are', async () => {
    expect(await stage().run({ list: true })).toEqual({ chunks: [0, 1, 2] });
  });

  it('forecasts one chunk, and nothing where the settings have become shorter', async () => {
    const { run, forecasts } = stage();
    expect(await run({ chunk: 2 })).toMatchObject({ outcome: 'done', forecast: 10, fed: 10, failures: [] });
    expect([...(await forecasts.read()).keys()].sort()).toEqual(NAMES.slice(50).sort());
    expect(await run({ chunk: 3 })).toMatchObject({ outcome: 'done', forecast: 0 });
  });

  it('throws what a single chunk throws, so that it is tried again', async () => {
    const { run, broken } = stage();
    broken.add(1);
    await expect(run({ chunk: 1 })).rejects.toThrow('slow down');
  });

  it('forecasts all by the schedule, whatever it says; a chunk that fails stops no other', async () => {
    const { run, broken, forecasts } = stage();
    broken.add(1);
    expect(await run({ anything: 1 })).toMatchObject({
      outcome: 'failed',
      forecast: 35,
      failures: [{ what: 'forecast chunk 1', error: 'Error: slow down' }],
    });
    expect((await forecasts.read()).size).toBe(35);
  });

  it('says of shards without a state what may be beside and could not be read', async () => {
    const { run, broken } = stage();
    broken.add(1);
    const missing = 'states of chunk 1: Error: slow down';
    const result = await run({ chunk: 2 });
    expect(result).toMatchObject({
      forecast: 10,
      notable: { length: 10, 0: { rebuilt: 'no state', missing } },
    });
  });

  it('begins no chunk that there is no time for, and at another one each minute', async () => {
    const { run, clock, chunks } = stage();
    const first: (number | undefined)[] = [];
    for (let minute = 0; minute < 3; minute++) {
      await clock.runUntil(T0 + minute * 60);
      expect(await run({}, 140)).toMatchObject({ outcome: 'failed', forecast: 0 });
    }
    expect(chunks).toEqual([]);
    for (let minute = 3; minute < 6; minute++) {
      await clock.runUntil(T0 + minute * 60);
      chunks.length = 0;
      await run({});
      first.push(chunks[0]);
    }
    // Each of the three was first once.
    expect(first.sort()).toEqual([0, 1, 2]);
  });

  it('says once a day that holidays have to be listed anew', async () => {
    const { run, clock } = stage(NAMES, [{ country: 'DE', dates: [] }]);
    const warnings = ['holidays of DE: none are listed; deploy again, or put the settings anew'];
    expect(await run({})).toMatchObject({ warnings });
    expect([await run({ chunk: 0 }), await run({ chunk: 1 })]).toMatchObject([
      { warnings },
      { warnings: [] },
    ]);
    await clock.runUntil(T0 + 60);
    expect(await run({})).toMatchObject({ warnings: [] });
    await clock.runUntil(T0 + DAY);
    expect(await run({})).toMatchObject({ warnings });
  });

  it('refuses what is no event of its machine', () => {
    for (const event of [{ chunk: -1 }, { chunk: 'a' }, { list: false }])
      expect(() => parseInput('forecast', schema, event)).toThrow('input of forecast');
  });
});
