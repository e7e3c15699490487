import { describe, expect, it } from 'vitest';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { createForecaster } from '../../core/forecast/create.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { CHUNK_SHARDS, chunksOf, type ForecastParts, forecastChunk } from '../../flows/forecast.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

/** A load with a daily season, in whole numbers. */
const loadAt = (time: number) =>
  Math.round(1000 + 600 * Math.sin((2 * Math.PI * time) / DAY) + ((time / 60) % 7));

function points(from: number, to: number, load = loadAt): LoadPoint[] {
  const list: LoadPoint[] = [];
  for (let time = Math.floor(from / 60) * 60 + 60; time <= to; time += 60)
    list.push({ time, load: load(time) });
  return list;
}

/** The metrics began two days before they are asked: three weeks of minutes take long to learn from. */
const BEGAN = 2 * DAY;
const FED = BEGAN / MINUTE;
const lately = (from: number, to: number) => points(Math.max(from, to - BEGAN), to);

function stage(settings: Settings, history = lately) {
  const table = new MemoryTable();
  const records = new LoadRecords(table);
  const forecasts = new ForecastStore(table);
  const states = new Map<number, ReadonlyMap<string, Uint8Array>>();
  const asked: [string, number, number][] = [];
  const parts: ForecastParts = {
    records,
    forecasts,
    metrics: {
      history: async (shard, from, to) => {
        asked.push([shard, from, to]);
        return history(from, to);
      },
    },
    states: {
      read: async (chunk) => states.get(chunk),
      write: async (chunk, kept) => void states.set(chunk, kept),
    },
  };
  const record = async (from: number, to: number, shards: readonly string[]) => {
    for (const { time, load } of points(from, to))
      await records.write(time, new Map(shards.map((shard) => [shard, load])));
  };
  const [chunk] = chunksOf(settings);
  const run = (now: number) => forecastChunk(parts, settings, chunk!, now);
  return { table, parts, forecasts, states, asked, record, run };
}

/** What one forecaster says that saw everything. */
function expected(settings: Settings, shard: string, seen: readonly LoadPoint[], now: number) {
  const forecaster = createForecaster(settings, shard);
  for (const point of seen) forecaster.observe(point);
  return forecaster.forecast(now, planningHorizons(settings));
}

describe('forecasting a chunk', () => {
  const settings = settingsOf(['web', 'api']);
  const start = T0 + 20 * DAY;

  it('begins with the history, then feeds what is recorded: as one forecaster that saw it all', async () => {
    const s = stage(settings);
    const first = await s.run(start);
    expect(first.failures).toEqual([]);
    expect(first.shards).toEqual([
      { shard: 'web', fed: FED, knownUntil: start, rebuilt: 'no state' },
      { shard: 'api', fed: FED, knownUntil: start, rebuilt: 'no state' },
    ]);
    expect(s.asked).toEqual([
      ['web', start - 21 * DAY, start],
      ['api', start - 21 * DAY, start],
    ]);
    for (const minute of [1, 2, 5]) {
      const now = start + minute * MINUTE;
      await s.record(now - (minute === 5 ? 3 : 1) * MINUTE, now, ['web', 'api']);
      const { shards } = await s.run(now);
      expect(shards[0]).toEqual({ shard: 'web', fed: minute === 5 ? 3 : 1, knownUntil: now });
    }
    expect(s.asked).toHaveLength(2);
    const now = start + 5 * MINUTE;
    const made = (await s.forecasts.read()).get('web')!;
    const { horizons, ...facts } = expected(settings, 'web', points(start - BEGAN, now), now);
    expect(made).toMatchObject({ shard: 'web', at: now, knownUntil: now, method: facts.method });
    for (const { ahead, quantiles } of horizons) {
      const own = made.horizons.find((one) => one.ahead === ahead)!;
      Array.from(quantiles).forEach((load, i) => {
        expect(own.quantiles[i]! / load).toBeCloseTo(1, 3);
      });
    }
  });

  it('takes history as coarse as it is kept, on minutes', async () => {
    const kept = (_from: number, to: number) => [
      ...points(to - 17 * DAY, start - 15 * DAY - MINUTE).filter(({ time }) => time % 300 === 0),
      ...points(start - 15 * DAY - MINUTE, start - 14 * DAY),
    ];
    const s = stage(settings, kept);
    const { shards } = await s.run(start);
    expect(shards[0]!.fed).toBeGreaterThan(3 * 1440 - 10);
    expect(shards[0]!.refused).toBeUndefined();
  });

  it('fills a long gap of the records from the history, and leaves a short one', async () => {
    const s = stage(settings);
    await s.run(start);
    await s.record(start + 30 * MINUTE, start + 31 * MINUTE, ['web', 'api']);
    await s.run(start + 31 * MINUTE);
    expect(s.asked).toHaveLength(2);
    const now = start + 5 * HOUR;
    await s.record(now - MINUTE, now, ['web']);
    const { shards } = await s.run(now);
    expect(s.asked.slice(2)).toEqual([['web', start + 31 * MINUTE, now - MINUTE]]);
    expect(shards).toEqual([
      { shard: 'web', fed: 5 * 60 - 31, knownUntil: now },
      { shard: 'api', fed: 0, knownUntil: start + 31 * MINUTE },
    ]);
  });

  it('begins anew where a state is of no use, from records first', async () => {
    const s = stage(settings);
    await s.run(start);
    await s.record(start, start + 3 * HOUR, ['web', 'api']);
    s.states.set(0, new Map([...s.states.get(0)!, ['web', Uint8Array.of(1, 2, 3)]]));
    s.asked.length = 0;
    const now = start + 3 * HOUR;
    const { shards } = await s.run(now);
    expect(shards[0]).toMatchObject({
      shard: 'web',
      fed: FED + 180,
      rebuilt:
        'ForecasterStateError: state: expected at least 8 bytes, got 3; what events did is lost: ForecasterStateError: state: expected at least 8 bytes, got 3',
    });
    expect(shards[1]).toEqual({ shard: 'api', fed: 180, knownUntil: now });
    expect(s.asked).toEqual([['web', now - 21 * DAY, start]]);
    const forecasts = await s.forecasts.read();
    forecasts.get('web')!.horizons.forEach(({ quantiles }, h) => {
      expect(quantiles[4]! / forecasts.get('api')!.horizons[h]!.quantiles[4]!).toBeCloseTo(1, 2);
    });
  });

  it('begins anew after more than three weeks without a point, and still knows what events did', async () => {
    const sale = start - 20 * HOUR;
    const stamp = (time: number) => new Date(time * 1000).toISOString();
    const yearly = {
      name: 'sale',
      start: stamp(sale),
      end: stamp(sale + 4 * HOUR),
      repeat: 'yearly',
    } as const;
    const load = (time: number) => loadAt(time) * (time >= sale && time < sale + 4 * HOUR ? 3 : 1);
    const s = stage({ ...settings, calendar: [yearly] }, (_, to) => points(to - BEGAN, to, load));
    await s.run(start);
    const { shards } = await s.run(sale + 365 * DAY - HOUR);
    expect(shards[0]).toMatchObject({ rebuilt: 'nothing measured for 364 days', fed: FED });
    const [moved] = (await s.forecasts.read()).get('web')!.moved!;
    expect(moved!.cause).toBe('event sale');
    expect(moved!.factor).toBeGreaterThan(2);
  });

  it('passes over a point that is refused, and says so', async () => {
    const s = stage(settings);
    await s.run(start);
    await s.record(start, start + MINUTE, ['web', 'api']);
    await new LoadRecords(s.table).write(start + 2 * MINUTE, new Map([['web', -5]]));
    await s.record(start + 2 * MINUTE, start + 3 * MINUTE, ['web', 'api']);
    const { shards } = await s.run(start + 3 * MINUTE);
    expect(shards[0]).toEqual({
      shard: 'web',
      fed: 2,
      knownUntil: start + 3 * MINUTE,
      refused: {
        points: 1,
        why: `RangeError: load of web at ${start + 120}: expected a number from 0 to 1e+30, got -5`,
      },
    });
    expect(shards[1]).toEqual({ shard: 'api', fed: 2, knownUntil: start + 3 * MINUTE });
  });

  it('asks a shard that was never measured for its history once, and forecasts nothing for it', async () => {
    const s = stage(settings, () => []);
    for (const now of [start, start + 60]) {
      const { shards } = await s.run(now);
      expect(shards[0]).toMatchObject({ shard: 'web', fed: 0 });
    }
    expect(s.asked).toHaveLength(2);
    const made = (await s.forecasts.read()).get('web')!;
    expect(made).toMatchObject({ knownUntil: Number.NEGATIVE_INFINITY, method: 'nothing measured yet' });
    await s.record(start, start + 120, ['web']);
    expect((await s.run(start + 120)).shards[0]).toEqual({ shard: 'web', fed: 2, knownUntil: start + 120 });
    expect(s.asked).toHaveLength(2);
  });

  it('lets a shard that was never measured follow the others, and reads their records once', async () => {
    const s = stage(settings, () => []);
    await s.record(start - 3 * DAY, start, ['api']);
    await s.run(start);
    const read = s.parts.records.read.bind(s.parts.records);
    const since: number[] = [];
    s.parts.records.read = (from, to, shards) => {
      since.push(from);
      return read(from, to, shards);
    };
    const later = start + 3 * HOUR;
    for (let now = start + HOUR; now <= later; now += HOUR) {
      await s.record(now - HOUR, now, now < later ? ['api'] : ['web', 'api']);
      await s.run(now);
    }
    expect(since).toEqual([start, start + HOUR, start + 2 * HOUR]);
    const made = await s.forecasts.read();
    const { horizons, method } = made.get('web')!;
    // An hour of its own is known of it, and three days of the other's.
    const farthest = horizons.at(-1)!;
    const there = loadAt(later + farthest.ahead);
    expect(farthest.ahead).toBeGreaterThanOrEqual(2 * HOUR);
    expect(method).not.toBe('nothing measured yet');
    const alone = createForecaster(settings, 'web');
    for (const point of points(later - HOUR, later)) alone.observe(point);
    const other = alone.forecast(later, [farthest.ahead]).horizons[0]!.quantiles[4]!;
    expect(Math.abs(other / there - 1)).toBeGreaterThan(0.1);
    expect(Math.abs(farthest.quantiles[4]! / other - there / other)).toBeLessThan(
      0.6 * Math.abs(1 - there / other),
    );
  });

  it('leaves a new shard for the next run when its history cannot be had, and does the others', async () => {
    let broken = true;
    const s = stage(settings);
    const history = s.parts.metrics.history;
    s.parts.metrics.history = async (shard, from, to) => {
      if (broken && shard === 'web') throw new Error('throttled');
      return history(shard, from, to);
    };
    const { shards } = await s.run(start);
    expect(shards).toEqual([
      { shard: 'web', fed: 0, rebuilt: 'no state', error: 'history: Error: throttled' },
      { shard: 'api', fed: FED, knownUntil: start, rebuilt: 'no state' },
    ]);
    expect([...(await s.forecasts.read()).keys()]).toEqual(['api']);
    expect([...s.states.get(0)!.keys()]).toEqual(['api']);
    broken = false;
    expect((await s.run(start + 60)).shards[0]).toMatchObject({ shard: 'web', fed: FED });
  });

  it('does without a history that cannot be had where there is a state', async () => {
    const s = stage(settings);
    await s.run(start);
    s.parts.metrics.history = async () => Promise.reject(new Error('throttled'));
    const now = start + 5 * HOUR;
    await s.record(now - MINUTE, now, ['web']);
    const { shards } = await s.run(now);
    expect(shards[0]).toEqual({
      shard: 'web',
      fed: 1,
      knownUntil: now,
      missing: 'history: Error: throttled',
    });
  });

  it('says what was not written; the next run feeds the same again', async () => {
    const s = stage(settings);
    const { states, forecasts } = s.parts;
    const write = states.write;
    states.write = async () => Promise.reject(new Error('SlowDown'));
    forecasts.write = async () => new Map([['api', 'Error: throttled']]);
    const result = await s.run(start);
    expect(result.failures).toEqual([{ what: 'write the states of chunk 0', error: 'Error: SlowDown' }]);
    expect(result.shards.map(({ error }) => error)).toEqual([undefined, 'Error: throttled']);
    states.write = write;
    expect((await s.run(start)).shards[0]).toMatchObject({ fed: FED });
  });

  it('is deterministic', async () => {
    const [a, b] = [stage(settings), stage(settings)];
    for (const s of [a, b]) {
      await s.run(start);
      await s.record(start, start + 120, ['web', 'api']);
      await s.run(start + 120);
    }
    const [of, other] = [a, b].map(({ states }) =>
      [...states.get(0)!].map(([, state]) => Buffer.from(state)),
    );
    expect(of!.map((state, i) => state.equals(other![i]!))).toEqual([true, true]);
    expect(await a.table.query('forecast')).toEqual(await b.table.query('forecast'));
  });

  it('cuts the shards into chunks', () => {
    const chunks = chunksOf(settingsOf(Array.from({ length: 60 }, (_, i) => `s${i}`)));
    expect(chunks.map(({ chunk, shards }) => [chunk, shards.length])).toEqual([
      [0, CHUNK_SHARDS],
      [1, CHUNK_SHARDS],
      [2, 10],
    ]);
    expect(chunks.flatMap(({ shards }) => shards)).toHaveLength(60);
  });
});
