import { expect, it } from 'vitest';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import type { Json } from '../../adapters/local/asl/paths.ts';
import { execute } from '../../adapters/local/asl/run.ts';
import { Tokens } from '../../adapters/local/asl/tokens.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import type { ForecastParts } from '../../flows/forecast.ts';
import { handler } from '../../lambdas/forecast/handler.ts';
import { parseInput } from '../../lambdas/lib/input.ts';
import { loadMachine } from '../../statemachines/machines.ts';
import { working } from '../lambdas/working.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';
import { Coverage } from './local.ts';

const coverage = new Coverage();

/** Runs the machine with the real function over so many shards; of chunks that `fail` the state cannot be read. */
async function run(shards: number, fails: (chunk: number) => boolean, list = true) {
  const clock = new VirtualClock(T0);
  const settings = settingsOf(Array.from({ length: shards }, (_, i) => `s${i}`));
  const forecasts = new ForecastStore(new MemoryTable());
  const history = async (_: string, from: number, to: number): Promise<LoadPoint[]> => {
    const first = Math.max(from, T0 - HOUR);
    return Array.from({ length: (to - first) / MINUTE }, (_, i) => ({
      time: first + (i + 1) * MINUTE,
      load: i,
    }));
  };
  const ports: ForecastParts = {
    records: new LoadRecords(new MemoryTable()),
    forecasts,
    metrics: { history },
    states: {
      read: async (chunk) => {
        if (fails(chunk)) throw new Error('broken');
        return undefined;
      },
      write: async () => {},
    },
  };
  const parts = {
    clock,
    settings: async () => {
      if (!list) throw new Error('throttled');
      return settings;
    },
    parts: () => ports,
    warnings: [],
  };
  const invoke = (_: string, payload: Json) =>
    handler.work(parseInput('forecast', handler.schema, payload), working(parts));
  const machine = loadMachine('forecast-fleet', (name) => name);
  const work = execute(machine, {}, { clock, tokens: new Tokens(), invoke });
  const execution = await clock.settle(work);
  coverage.add(execution);
  return { execution, made: (await forecasts.read()).size };
}

it('forecasts every shard, chunk by chunk', async () => {
  const { execution, made } = await run(80, () => false);
  expect([execution.status, made]).toEqual(['SUCCEEDED', 80]);
});

it('goes on where a tenth of the chunks fails', async () => {
  const { execution, made } = await run(250, (chunk) => chunk === 3);
  expect([execution.status, made]).toEqual(['SUCCEEDED', 225]);
});

it('fails where more do, and the others have their forecasts', async () => {
  const { execution, made } = await run(225, (chunk) => chunk === 3);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'ForecastsFailed' });
  expect(made).toBe(200);
});

it('fails where the chunks cannot be listed', async () => {
  const { execution } = await run(80, () => false, false);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'ForecastsFailed' });
});

it('every state was entered, and every Catch taken', () => {
  expect(coverage.missing('forecast-fleet')).toEqual([]);
});
