import { type GetObjectCommand, NoSuchKey, type PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { ForecasterStates } from '../../adapters/aws/forecaster-states.ts';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import { horizonsFor } from '../../core/forecast/aged.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

const forecast = (shard: string, aheads = [0, 60]): Forecast => ({
  shard,
  at: T0,
  knownUntil: T0 - 60,
  horizons: aheads.map((ahead) => ({ ahead, quantiles: LEVELS.map((level) => 100 * level + ahead / 7) })),
  method: 'last value 1.00',
});

describe('the forecasts in the table', () => {
  it('come back as they were, in half width and ascending', async () => {
    const store = new ForecastStore(new MemoryTable());
    expect(await store.write([forecast('a'), forecast('b', [0, 60, 9000])])).toEqual(new Map());
    const read = await store.read();
    expect([...read.keys()].sort()).toEqual(['a', 'b']);
    const { horizons, ...rest } = read.get('b')!;
    const { horizons: expected, ...facts } = forecast('b', [0, 60, 9000]);
    expect(rest).toEqual(facts);
    expect(horizons.map(({ ahead }) => ahead)).toEqual([0, 60, 9000]);
    horizons.forEach(({ quantiles }, h) => {
      LEVELS.forEach((_, i) => {
        expect(quantiles[i]).toBe(Math.fround(expected[h]!.quantiles[i]!));
        if (i > 0) expect(quantiles[i]).toBeGreaterThanOrEqual(quantiles[i - 1]!);
      });
    });
  });

  it('keep what moved them most and what is unusual; a record without them still reads', async () => {
    const table = new MemoryTable();
    const store = new ForecastStore(table);
    const moved = [
      { cause: 'event black-friday', factor: 2.123456789, ahead: 3600 },
      { cause: 'holiday Good Friday', factor: 0.61, ahead: 86_400 },
      { cause: 'indicator sign-ins (12 min ahead)', factor: 1.3, ahead: 600 },
      { cause: 'indicator queue', factor: 1.01, ahead: 60 },
    ];
    const unusual = {
      ...{
        kind: 'zero' as const,
        since: T0 - 240,
        load: 0,
        median: 250.5,
        low: 1e-140,
        high: 310,
        withheld: true,
      },
    } as const;
    await store.write([{ ...forecast('a'), moved, unusual }, forecast('b'), { ...forecast('c'), moved: [] }]);
    const read = await store.read();
    expect(read.get('a')!.moved).toEqual([{ ...moved[0], factor: 2.123 }, moved[1], moved[2]]);
    // DynamoDB refuses what is that near to zero.
    expect(read.get('a')!.unusual).toEqual({ ...unusual, low: 0 });
    for (const shard of ['b', 'c']) {
      expect(read.get(shard)).not.toHaveProperty('moved');
      expect(read.get(shard)).not.toHaveProperty('unusual');
    }
  });

  it('may know nothing, and may be out of proportion', async () => {
    const store = new ForecastStore(new MemoryTable());
    const nothing = { ...forecast('a'), knownUntil: Number.NEGATIVE_INFINITY };
    const huge = { ...forecast('b'), horizons: [{ ahead: 0, quantiles: LEVELS.map(() => 1e60) }] };
    expect((await store.write([nothing, huge])).size).toBe(0);
    const read = await store.read();
    expect(read.get('a')!.knownUntil).toBe(Number.NEGATIVE_INFINITY);
    expect(read.get('b')!.horizons[0]!.quantiles[0]).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('fit into one write unit each', async () => {
    const settings = settingsOf(['a'], { leadTimes: { cold: { seconds: 420 }, warm: { seconds: 95 } } });
    const horizons = horizonsFor(planningHorizons(settings), 300);
    const table = new MemoryTable();
    const moved = [
      { cause: 'event black-friday', factor: 2.1, ahead: 3600 },
      { cause: 'holiday Good Friday', factor: 0.61, ahead: 86_400 },
    ];
    await new ForecastStore(table).write([
      { ...forecast('a-name-of-thirty-two-characters-', horizons), moved },
    ]);
    const [item] = await table.query('forecast');
    const { quantiles, ...rest } = item as unknown as { quantiles: Uint8Array };
    expect(quantiles.length + JSON.stringify(rest).length).toBeLessThan(1024);
  });

  it('leave out an item of another shape', async () => {
    const table = new MemoryTable();
    const store = new ForecastStore(table);
    await store.write([forecast('a'), forecast('b')]);
    await table.update('forecast', 'a', { set: { quantiles: new Uint8Array(7) } });
    expect([...(await store.read()).keys()]).toEqual(['b']);
  });

  it('name those that were not written and write the others', async () => {
    const table = new MemoryTable();
    const put = table.put.bind(table);
    table.put = async (item, only) => {
      if (item.sk === 's3') throw new Error('throttled');
      return put(item, only);
    };
    const store = new ForecastStore(table);
    const shards = Array.from({ length: 60 }, (_, i) => `s${i}`);
    const failed = await store.write(shards.map((shard) => forecast(shard)));
    expect(failed).toEqual(new Map([['s3', 'Error: throttled']]));
    expect((await store.read()).size).toBe(59);
  });
});

/** One bucket in memory. */
function bucket() {
  const objects = new Map<string, Uint8Array>();
  const send = async (command: GetObjectCommand | PutObjectCommand) => {
    const { Key = '' } = command.input;
    if ('Body' in command.input) {
      objects.set(Key, command.input.Body as Uint8Array);
      return {};
    }
    const found = objects.get(Key);
    if (found === undefined) throw new NoSuchKey({ message: 'no such key', $metadata: {} });
    return { Body: { transformToByteArray: async () => found } };
  };
  return { objects, states: new ForecasterStates({ send: send as never }, 'b') };
}

describe('the forecasters’ states in the bucket', () => {
  it('come back by chunk, whatever is in them', async () => {
    const { states } = bucket();
    expect(await states.read(0)).toBeUndefined();
    const chunk = new Map([
      ['a', Uint8Array.of(1, 2, 3)],
      ['b', new Uint8Array(0)],
      ['c', Uint8Array.from({ length: 1000 }, (_, i) => i)],
    ]);
    await states.write(0, chunk);
    await states.write(1, new Map());
    expect(await states.read(0)).toEqual(chunk);
    expect(await states.read(1)).toEqual(new Map());
    expect(await states.read(2)).toBeUndefined();
  });

  it('are nothing when they are damaged', async () => {
    const { states, objects } = bucket();
    await states.write(0, new Map([['a', Uint8Array.of(1, 2, 3)]]));
    const whole = objects.get('forecasters/0')!;
    const bad = [new Uint8Array(0), whole.slice(0, 9), whole.slice(0, -1), Uint8Array.of(...whole, 1)];
    for (const bytes of bad) {
      objects.set('forecasters/0', bytes);
      expect(await states.read(0)).toBeUndefined();
    }
  });

  it('pass on what S3 refuses', async () => {
    const states = new ForecasterStates(
      { send: (async () => Promise.reject(new Error('AccessDenied'))) as never },
      'b',
    );
    await expect(states.read(0)).rejects.toThrow('AccessDenied');
  });
});
