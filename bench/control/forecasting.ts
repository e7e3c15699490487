import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { ForecasterStates } from '../../adapters/aws/forecaster-states.ts';
import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { LoadRecords } from '../../adapters/aws/load-records.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import { chunksOf } from '../../flows/forecast.ts';
import type { FunctionName } from '../../lambdas/environment.ts';
import { forecast } from '../../lambdas/forecast/work.ts';
import { Stage, type StageOptions } from './stage.ts';
import { invoked, type Usage } from './usage.ts';

/** What S3 brings a function in a second. *Assumed*: 600 Mbit/s. */
const BYTES_PER_SECOND = 75e6;
/** A week and a half of minutes: all seasons of a forecaster are filled. */
const HISTORY: Seconds = 15 * DAY;
const RUNS = 5;

export interface ForecastCosts {
  /** One run over all shards. */
  readonly perRun: Usage;
  /** Bytes that the states of all shards have. */
  readonly stateBytes: number;
}

/** Runs of the function `forecast`, each with a new minute of load. */
export async function forecastCosts(
  options: StageOptions,
  memory: (name: FunctionName) => number,
): Promise<ForecastCosts> {
  const stage = new Stage(options);
  await stage.seed();
  const { clock, table, settings, counting } = stage;
  const bucket = new Map<string, Uint8Array>();
  const s3 = {
    send: async (command: unknown) => {
      const { input } = command as { input: { Key: string; Body?: Uint8Array } };
      const wait = (bytes: number) =>
        clock.sleepUntil(clock.now() + options.latency + bytes / BYTES_PER_SECOND);
      if (command instanceof PutObjectCommand && input.Body !== undefined) {
        counting.usage.add('s3Puts', 1);
        bucket.set(input.Key, input.Body.slice());
        await wait(input.Body.length);
        return {};
      }
      if (!(command instanceof GetObjectCommand)) throw new TypeError('S3: expected a get or a put');
      counting.usage.add('s3Gets', 1);
      const body = bucket.get(input.Key);
      await wait(body?.length ?? 0);
      if (body === undefined) throw new NoSuchKey({ message: input.Key, $metadata: {} });
      return { Body: { transformToByteArray: async () => body.slice() } };
    },
  };
  const load = (shard: string, time: Seconds) => {
    const phase = Number(shard.split('-')[1]) / 10;
    return (
      stage.load *
      (1 + 0.4 * Math.sin((time / DAY) * 2 * Math.PI + phase) + 0.05 * Math.sin(time / 97 + phase))
    );
  };
  const history = async (shard: string, from: Seconds, to: Seconds): Promise<LoadPoint[]> => {
    const points: LoadPoint[] = [];
    const first = Math.max(from, to - HISTORY);
    for (let time = Math.floor(first / MINUTE + 1) * MINUTE; time <= to; time += MINUTE)
      points.push({ time, load: load(shard, time) });
    return points;
  };
  const records = new LoadRecords(table);
  const world = {
    clock,
    settings: async () => {
      counting.usage.add('s3Gets', 1);
      await clock.sleepUntil(clock.now() + options.latency);
      return settings;
    },
    parts: () => ({
      records,
      metrics: { history },
      states: new ForecasterStates(s3 as never, 'b'),
      forecasts: new ForecastStore(table),
    }),
  };
  // All chunks are alike: one is measured, and counts as many times as there are.
  const chunks = chunksOf(settings);
  const times: { waited: number; computed: number; usage: Usage }[] = [];
  for (let run = 0; run <= RUNS; run++) {
    await clock.runUntil(Math.floor(clock.now() / MINUTE) * MINUTE + MINUTE + 20);
    const minute = Math.floor(clock.now() / MINUTE) * MINUTE - MINUTE;
    await clock.settle(
      records.write(minute, new Map(settings.shards.map(({ name }) => [name, load(name, minute)]))),
    );
    stage.reset();
    const { result, ...spent } = await stage.timed(() => forecast(world, { chunk: 0 }, clock.now() + 300));
    if (!('outcome' in result) || result.outcome !== 'done')
      throw new Error(`forecast: expected done, got ${JSON.stringify(result).slice(0, 300)}`);
    // The first run reads all history and is not the usual one.
    if (run > 0) times.push({ ...spent, usage: stage.reset() });
  }
  const usual = times.sort((a, b) => a.computed - b.computed)[Math.floor(times.length / 2)]!;
  const perRun = usual.usage.times(chunks.length);
  const [waited, computed] = [usual.waited * chunks.length, usual.computed * chunks.length];
  invoked(perRun, { memory: memory('forecast'), waited, computed });
  perRun.add('schedules', 1);
  const stateBytes = [...bucket.values()].reduce((sum, { length }) => sum + length, 0) * chunks.length;
  return { perRun, stateBytes };
}
