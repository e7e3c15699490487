import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import type { Clock } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';
import { type Ask, queryOf, scaled } from './cloudwatch-asks.ts';
import { patience } from './routes-patience.ts';

export interface CloudWatch {
  readonly client: Pick<CloudWatchClient, 'send'>;
  readonly clock: Clock;
  /** Told in words what CloudWatch did not answer as it should; a person reads it. */
  readonly warn: (problem: string) => void;
}

/** Points from `from` (a multiple of the period) to before `end`. */
export interface Window {
  readonly from: Seconds;
  readonly end: Seconds;
  readonly period: Seconds;
}

export interface Answer {
  /** Ascending, in the shard's unit. */
  readonly points: readonly LoadPoint[];
  /** Whether a missing point means that there is none; else it may only not have been told. */
  readonly complete: boolean;
}

/** Metrics in one call. */
const BATCH = 500;
/** Times that metrics are asked for again whose answer is incomplete without a further page. */
const TRIES = 3;

/**
 * Reads metrics: 500 in a call, all pages, incomplete ones again. A metric that stays incomplete has what did come,
 * and is warned of.
 * @param stopAt when throttled calls are given up
 * @throws {OutOfTime} when throttled until `stopAt`, and what CloudWatch refuses.
 */
export async function readMetrics(
  cloudWatch: CloudWatch,
  asks: readonly Ask[],
  window: Window,
  stopAt: Seconds,
): Promise<ReadonlyMap<Ask, Answer>> {
  const answers = new Map<Ask, Answer>();
  await Promise.all(
    batchesOf(asks).map(async (batch) => {
      let open = batch;
      for (let round = 1; open.length > 0 && round <= TRIES; round++) {
        const told = await readBatch(cloudWatch, open, window, stopAt);
        for (const ask of open) answers.set(ask, answerOf(ask, told.get(ask), window));
        open = open.filter((ask) => isUnfinished(told.get(ask)));
        if (open.length > 0 && round < TRIES)
          await cloudWatch.clock.sleepUntil(cloudWatch.clock.now() + round);
      }
      for (const ask of open) cloudWatch.warn(`${nameOf(ask)}: CloudWatch's answer stayed incomplete`);
    }),
  );
  return answers;
}

/** As many as go into one call. */
export function batchesOf(asks: readonly Ask[]): Ask[][] {
  const batches: Ask[][] = [];
  for (let i = 0; i < asks.length; i += BATCH) batches.push(asks.slice(i, i + BATCH));
  return batches;
}

/** What all pages said of one metric. */
interface Told {
  readonly values: Map<Seconds, number>;
  status: MetricDataResult['StatusCode'];
}

const isUnfinished = (told: Told | undefined) =>
  told?.status === undefined || told.status === 'PartialData' || told.status === 'InternalError';

async function readBatch(
  { client, clock, warn }: CloudWatch,
  asks: readonly Ask[],
  { from, end, period }: Window,
  stopAt: Seconds,
): Promise<ReadonlyMap<Ask, Told>> {
  const byId = new Map(asks.map((ask, i) => [`q${i}`, ask]));
  const queries = [...byId].map(([id, ask]) => queryOf(ask, id, period));
  const told = new Map<Ask, Told>();
  const retry = patience(clock, stopAt);
  let token: string | undefined;
  do {
    const command = new GetMetricDataCommand({
      MetricDataQueries: queries,
      StartTime: new Date(from * 1000),
      EndTime: new Date(end * 1000),
      ScanBy: 'TimestampAscending',
      ...(token !== undefined && { NextToken: token }),
    });
    const page: GetMetricDataCommandOutput = await retry('GetMetricData', () => client.send(command));
    for (const { Code, Value } of page.Messages ?? []) warn(`GetMetricData: ${Code}: ${Value}`);
    for (const result of page.MetricDataResults ?? []) {
      const ask = byId.get(result.Id ?? '');
      if (ask !== undefined) add(told, ask, result, warn);
    }
    token = page.NextToken;
  } while (token !== undefined);
  return told;
}

function add(told: Map<Ask, Told>, ask: Ask, result: MetricDataResult, warn: CloudWatch['warn']): void {
  const one: Told = told.get(ask) ?? { values: new Map(), status: undefined };
  const { Timestamps = [], Values = [], StatusCode, Messages = [] } = result;
  Timestamps.forEach((stamp, i) => {
    if (Values[i] !== undefined) one.values.set(stamp.getTime() / 1000, Values[i]);
  });
  one.status = StatusCode;
  if (StatusCode === 'Forbidden') warn(`${nameOf(ask)}: CloudWatch forbids to read it`);
  for (const { Code, Value } of Messages) warn(`${nameOf(ask)}: ${Code}: ${Value}`);
  told.set(ask, one);
}

/** The order of an answer is not relied on, nor that it keeps to the window. */
function answerOf(ask: Ask, told: Told | undefined, { from, end, period }: Window): Answer {
  const points = [...(told?.values ?? [])]
    .filter(([time]) => time >= from && time < end)
    .map(([time, value]) => ({ time, load: scaled(ask, value, period) }))
    .sort((a, b) => a.time - b.time);
  return { points, complete: told?.status === 'Complete' };
}

function nameOf({ of, what, metric }: Ask): string {
  return `${what} of ${of} (${metric.namespace} ${metric.metric})`;
}
