import { describe, expect, it } from 'vitest';
import { OTHERS } from '../../core/forecast/indicators/sources.ts';
import { settingsSchema } from '../../core/settings/schema.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { CHUNK_SHARDS, chunksOf, type ForecastParts, forecastChunk } from '../../flows/forecast.ts';
import { ChunkIndicators, type IndicatorMetrics } from '../../flows/forecast-indicators.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

const queue = { name: 'queue', namespace: 'AWS/SQS', metric: 'NumberOfMessagesSent' };
const plain = settingsOf(['web', 'api', 'old']);
const settings = settingsSchema.parse({
  ...plain,
  shards: plain.shards.map((shard) => (shard.name === 'web' ? { ...shard, indicators: [queue] } : shard)),
});
const NOW = T0 + 30 * DAY;
const at = (minutes: number) => NOW + minutes * MINUTE;
const points = (load: number, ...minutes: number[]) => minutes.map((m) => ({ time: at(m), load }));

describe('what may lead the shards of a chunk', () => {
  it('is the sum of the others and what the settings name, as it is put in', async () => {
    const chunk = new ChunkIndicators(settings);
    const [web, api] = [chunk.of('web'), chunk.of('api')];
    expect([web.names, api.names]).toEqual([[OTHERS, 'queue'], [OTHERS]]);
    expect([web.at(0, NOW), web.at(1, NOW)]).toEqual([Number.NaN, Number.NaN]);
    const read: IndicatorMetrics['read'] = async () =>
      new Map([['web', new Map([['queue', points(7, -3)]])]]);
    expect(await chunk.read({ read }, ['web', 'api', 'old'], at(-5), NOW)).toBeUndefined();
    chunk.next(
      new Map([
        ['web', points(1, -2, -1)],
        ['api', points(10, -2, -1)],
        ['old', points(100, -2)],
      ]),
      [],
    );
    expect([web.at(0, at(-1)), web.at(1, at(-1)), api.at(0, at(-2))]).toEqual([110, 7, 101]);
    // The next loads take their place; the named ones stay.
    chunk.next(
      new Map([
        ['web', points(1, 0)],
        ['api', points(20, 0)],
      ]),
      [at(-1), at(-1), at(-2 * 60)],
    );
    expect([web.at(0, NOW), web.at(1, NOW)]).toEqual([20, 7]);
  });

  it('is not known in a minute in which one that should be there is late', () => {
    const chunk = new ChunkIndicators(settings);
    chunk.next(
      new Map([
        ['web', points(1, 0, 1)],
        ['api', points(20, 1)],
      ]),
      [at(-1), at(-2), undefined],
    );
    const web = chunk.of('web');
    expect([web.at(0, NOW), web.at(0, at(1))]).toEqual([Number.NaN, 20]);
  });

  it('asks for nothing where nothing is named, and does without what cannot be had', async () => {
    const chunk = new ChunkIndicators(settings);
    const read = async () => Promise.reject(new Error('throttled'));
    expect(await chunk.read({ read }, ['api', 'old'], at(-5), NOW)).toBeUndefined();
    expect(await chunk.read(undefined, ['web'], at(-5), NOW)).toBeUndefined();
    expect(await chunk.read({ read }, ['web'], at(-5), NOW)).toEqual({
      what: 'read indicators',
      error: 'Error: throttled',
    });
  });
});

describe('forecasting a chunk with indicators', () => {
  function stage() {
    const asked: [readonly string[], number, number][] = [];
    const states = new Map<number, ReadonlyMap<string, Uint8Array>>();
    let broken = false;
    const parts: ForecastParts = {
      records: {
        read: async (from, to, shards) => {
          const minutes: number[] = [];
          for (let time = Math.floor(from / MINUTE) * MINUTE + MINUTE; time <= to; time += MINUTE)
            minutes.push(time);
          return new Map(shards.map((shard) => [shard, minutes.map((time) => ({ time, load: 5 }))]));
        },
      },
      metrics: { history: async () => [] },
      indicators: {
        read: async (shards, from, to) => {
          asked.push([shards, from, to]);
          if (broken) throw new Error('throttled');
          return new Map();
        },
      },
      states: {
        read: async (chunk) => states.get(chunk),
        write: async (chunk, kept) => void states.set(chunk, kept),
      },
      forecasts: { write: async () => new Map() },
    };
    const [chunk] = chunksOf(settings);
    return {
      asked,
      breaks() {
        broken = true;
      },
      run: (now: number) => forecastChunk(parts, settings, chunk!, now),
    };
  }

  it('asks once for all history, then for what is new; a failure is said and stops no forecast', async () => {
    expect(CHUNK_SHARDS).toBeGreaterThan(3);
    const s = stage();
    await s.run(NOW);
    expect(s.asked.splice(0)).toEqual([[['web'], NOW - 21 * DAY - 2 * HOUR, NOW]]);
    await s.run(at(1));
    expect(s.asked).toEqual([[['web'], NOW - 2 * HOUR, at(1)]]);
    s.breaks();
    const { failures, shards } = await s.run(at(2));
    expect(failures).toEqual([{ what: 'read indicators', error: 'Error: throttled' }]);
    expect(shards.map(({ fed, error }) => ({ fed, error }))).toEqual(
      Array(3).fill({ fed: 1, error: undefined }),
    );
  });
});
