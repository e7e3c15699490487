import { describe, expect, it } from 'vitest';
import { createForecaster } from '../../core/forecast/create.ts';
import { DAY, MINUTE } from '../../core/time.ts';
import { CHUNK_SHARDS, chunksOf, type ForecastParts, forecastChunk } from '../../flows/forecast.ts';
import { readStates } from '../../flows/forecast-states.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

const START = T0 + 20 * DAY;
const names = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`);

function stage() {
  const states = new Map<number, ReadonlyMap<string, Uint8Array>>();
  const read: number[] = [];
  let now = 0;
  const parts: ForecastParts = {
    // Of the day that ends now alone.
    records: {
      read: async (_from, to, shards) =>
        new Map(to < now ? [] : shards.map((name) => [name, [{ time: to, load: 5 }]])),
    },
    forecasts: { write: async () => new Map() },
    metrics: { history: async () => [] },
    states: {
      read: async (chunk) => {
        read.push(chunk);
        return states.get(chunk);
      },
      write: async (chunk, kept) => void states.set(chunk, kept),
    },
  };
  /** Runs all chunks one after the other. Returns the shards that began anew. */
  const run = async (shards: readonly string[], at: number, order = (chunks: number[]) => chunks) => {
    const settings = settingsOf(shards);
    const chunks = chunksOf(settings);
    const anew: string[] = [];
    now = at;
    for (const chunk of order(chunks.map(({ chunk }) => chunk))) {
      const result = await forecastChunk(parts, settings, chunks[chunk]!, now);
      anew.push(...result.shards.flatMap(({ shard, rebuilt }) => (rebuilt === undefined ? [] : [shard])));
    }
    return anew;
  };
  return { states, read, run };
}

describe('states of shards that move across the edge of a chunk', () => {
  const before = names(60);

  it.each([
    ['one more in front', ['new', ...before], ['new']],
    [
      'several more in the middle',
      [...before.slice(0, 20), 'a', 'b', 'c', ...before.slice(20)],
      ['a', 'b', 'c'],
    ],
    ['some less', before.slice(7), []],
    ['fewer chunks', before.slice(15), []],
    ['one renamed', ['other', ...before.slice(1)], ['other']],
  ])('%s: they bring theirs along, whichever chunk is first', async (_, after, anew) => {
    for (const order of [(chunks: number[]) => chunks, (chunks: number[]) => chunks.toReversed()]) {
      const s = stage();
      expect(await s.run(before, START)).toEqual(before);
      expect(await s.run(after, START + MINUTE, order)).toEqual(anew);
      expect(await s.run(after, START + 2 * MINUTE, order)).toEqual([]);
    }
  });

  it('stay where they were for an hour, and nobody else is asked meanwhile', async () => {
    const s = stage();
    const after = ['new', ...before];
    await s.run(before, START);
    await s.run(after, START + MINUTE);
    expect([...s.states.get(0)!.keys()]).toEqual([before[CHUNK_SHARDS - 1], ...after.slice(0, CHUNK_SHARDS)]);
    s.read.length = 0;
    await s.run(after, START + 50 * MINUTE);
    expect(s.read).toEqual([0, 1, 2]);
    expect(s.states.get(0)!.size).toBe(CHUNK_SHARDS + 1);
    await s.run(after, START + 70 * MINUTE);
    expect([...s.states.get(0)!.keys()]).toEqual(after.slice(0, CHUNK_SHARDS));
  });

  it('are not kept of shards that are gone, nor where they cannot be read', async () => {
    const settings = settingsOf(['a', 'b']);
    const nothing = { names: [], at: () => Number.NaN };
    const forecaster = createForecaster(settings, 'b', undefined, nothing);
    forecaster.observe({ time: START, load: 5 });
    const there = new Map([
      ['a', Uint8Array.of(1)],
      ['b', forecaster.state()],
      ['gone', forecaster.state()],
    ]);
    const states = { read: async (chunk: number) => (chunk === 0 ? there : undefined) };
    const { own, left } = await readStates(states, settings, { chunk: 0, shards: [] }, START + MINUTE);
    expect([[...own.keys()], [...left.keys()]]).toEqual([[], ['b']]);
    const { own: taken } = await readStates(states, settings, { chunk: 1, shards: ['b'] }, START + MINUTE);
    expect(taken.get('b')).toEqual(forecaster.state());
  });
});
