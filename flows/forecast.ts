import { planningHorizons } from '../core/capacity/horizons.ts';
import { attempt, type Failure, messageOf } from '../core/failure.ts';
import { horizonsFor } from '../core/forecast/aged.ts';
import { createForecaster, recreateForecaster } from '../core/forecast/create.ts';
import type { Forecast, Indicators, KeptForecaster, LoadPoint } from '../core/forecast/forecast.ts';
import { toSteps } from '../core/forecast/history.ts';
import type { LoadMetrics } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { DAY, HOUR, MINUTE, type Seconds, WEEK } from '../core/time.ts';
import { ChunkIndicators, type IndicatorMetrics } from './forecast-indicators.ts';
import { type ChunkStates, readStates } from './forecast-states.ts';

/** What forecasting asks of the world besides time. */
export interface ForecastParts {
  /** Load that was recorded: points with `from < time ≤ to` of these shards, ascending. */
  readonly records: {
    read(
      from: Seconds,
      to: Seconds,
      shards: readonly string[],
    ): Promise<ReadonlyMap<string, readonly LoadPoint[]>>;
  };
  /** What was measured before there were records. */
  readonly metrics: Pick<LoadMetrics, 'history'>;
  /** Series that may lead a load. @default none but the sum of the other shards */
  readonly indicators?: IndicatorMetrics;
  readonly states: ChunkStates;
  /** Returns those that were not written: shard → why. */
  readonly forecasts: { write(forecasts: readonly Forecast[]): Promise<ReadonlyMap<string, string>> };
}

/** Shards whose states are kept in one object, and that one invocation forecasts where there are very many. */
export interface Chunk {
  readonly chunk: number;
  readonly shards: readonly string[];
}

/**
 * One object of 25 states is 1.4 MB after a week of minutes, 1.8 MB after three weeks, 2.2 MB after nine. More shards that are
 * read anew from their history at once would take longer than one invocation has.
 */
export const CHUNK_SHARDS = 25;

export function chunksOf({ shards }: Settings): Chunk[] {
  return Array.from({ length: Math.ceil(shards.length / CHUNK_SHARDS) }, (_, chunk) => ({
    chunk,
    shards: shards.slice(chunk * CHUNK_SHARDS, (chunk + 1) * CHUNK_SHARDS).map(({ name }) => name),
  }));
}

/** What was done for one shard. */
export interface ShardForecast {
  readonly shard: string;
  /** Points that its forecaster took in. */
  readonly fed: number;
  /** Time of the newest point that it knows. */
  readonly knownUntil?: Seconds;
  /** Why it was fed from history: no state, or one that could not be used. */
  readonly rebuilt?: string;
  /** Points that it refused, and why it refused the first of them. */
  readonly refused?: { readonly points: number; readonly why: string };
  /** What could not be had and was done without. */
  readonly missing?: string;
  /** Why there is no new forecast; the one before stays, and ages. */
  readonly error?: string;
}

export interface ForecastResult {
  readonly chunk: number;
  readonly shards: readonly ShardForecast[];
  /** What concerns the chunk as a whole: its states were not written, and the next run feeds the same points again. */
  readonly failures: readonly Failure[];
}

/** Older load than this changes no forecast. */
const REACH: Seconds = 21 * DAY;
/** Records reach back so far. */
const RECORDED: Seconds = 16 * DAY;
/** A gap in the records that is longer is filled from the metrics; the forecaster bridges shorter ones itself. */
const LONGEST_GAP: Seconds = HOUR;
/** Records of so long make up for a history that cannot be had. */
const ENOUGH: Seconds = WEEK;

/**
 * Forecasts the shards of one chunk: takes up their forecasters, feeds what is new, writes forecasts and states. What
 * goes wrong with one shard is in the result and stops no other.
 * @throws what reading states or records throws; nothing was written then.
 */
export async function forecastChunk(
  parts: ForecastParts,
  settings: Settings,
  { chunk, shards }: Chunk,
  now: Seconds,
): Promise<ForecastResult> {
  const read = await readStates(parts.states, settings, { chunk, shards }, now);
  const { own: states, left } = read;
  const indicators = new ChunkIndicators(settings);
  const all = shards.map(
    (shard) => new Feeding(settings, shard, states.get(shard), now, indicators.of(shard), read.missing),
  );
  const missing = await feed(parts, all, now, indicators);

  const horizons = horizonsFor(planningHorizons(settings), settings.forecast.every);
  const forecasts: Forecast[] = [];
  const kept = new Map(left);
  for (const one of all) one.attempt(() => forecasts.push(one.forecaster.forecast(now, horizons)));
  for (const [shard, why] of await parts.forecasts.write(forecasts))
    all.find((one) => one.shard === shard)!.error ??= why;
  for (const one of all) {
    // A forecaster that failed half-way may be of no use: what it was before is.
    const state = one.broken ? states.get(one.shard) : one.forecaster.state();
    if (state !== undefined) kept.set(one.shard, state);
  }
  const failures = missing === undefined ? [] : [missing];
  await attempt(failures, `write the states of chunk ${chunk}`, () => parts.states.write(chunk, kept));
  return { chunk, shards: all.map((one) => one.result()), failures };
}

/**
 * Day by day, because three weeks of minutes of many shards at once would not fit into a small function.
 * @returns why indicators were done without
 */
async function feed(
  parts: ForecastParts,
  all: readonly Feeding[],
  now: Seconds,
  indicators: ChunkIndicators,
): Promise<Failure | undefined> {
  const shards = all.map(({ shard }) => shard);
  const oldest = Math.min(now, ...all.map(({ since }) => since ?? now - REACH));
  const missing = await indicators.read(parts.indicators, shards, oldest, now);
  const start = Math.min(now, ...all.map(({ since }) => since ?? now - RECORDED));
  for (let from = Math.max(start, now - RECORDED); from < now; from += DAY) {
    const recorded = await parts.records.read(from, Math.min(now, from + DAY), shards);
    indicators.next(
      recorded,
      all.map(({ forecaster }) => forecaster.knownUntil),
    );
    const newest = newestOf(recorded);
    await Promise.all(all.map((one) => one.take(recorded.get(one.shard) ?? [], newest, parts.metrics)));
  }
  await Promise.all(all.map((one) => one.finish(parts.metrics)));
  return missing;
}

function newestOf(recorded: ReadonlyMap<string, readonly LoadPoint[]>): Seconds {
  return Math.max(...[...recorded.values()].map((points) => points.at(-1)?.time ?? Number.NEGATIVE_INFINITY));
}

/** One shard on its way to a forecast. */
class Feeding {
  readonly shard: string;
  readonly forecaster: KeptForecaster;
  /** Time of the newest point that its state knew; undefined when it is fed from history. */
  readonly known: Seconds | undefined;
  /** The same, or how far a shard that was never measured has followed the others; undefined where records are all to be read. */
  readonly since: Seconds | undefined;
  error: string | undefined;
  broken = false;
  readonly #now: Seconds;
  readonly #rebuilt: string | undefined;
  /** Whether what lies between the state and the records is dealt with. */
  #bridged = false;
  #fed = 0;
  #missing: string | undefined;
  #refused: { points: number; why: string } | undefined;

  constructor(
    settings: Settings,
    shard: string,
    state: Uint8Array | undefined,
    now: Seconds,
    indicators: Indicators,
    missing: string | undefined,
  ) {
    this.shard = shard;
    if (state === undefined) this.#missing = missing;
    this.#now = now;
    const { forecaster, rebuilt } = takeUp(settings, shard, state, now, indicators);
    this.forecaster = forecaster;
    this.known = forecaster.knownUntil;
    this.since = forecaster.followedUntil;
    this.#rebuilt = rebuilt;
    // A shard that was never measured was asked for its history already, when its state was made.
    this.#bridged = rebuilt === undefined && this.known === undefined;
  }

  /**
   * Feeds recorded points, and before the first of them what is missing since the state.
   * @param newest time of the newest point of any shard
   */
  async take(
    points: readonly LoadPoint[],
    newest: Seconds,
    metrics: ForecastParts['metrics'],
  ): Promise<void> {
    const [first] = points.filter(({ time }) => time > (this.known ?? Number.NEGATIVE_INFINITY));
    if (first === undefined) {
      if (Number.isFinite(newest)) this.attempt(() => this.forecaster.follow(newest));
      return;
    }
    if (!this.#bridged) await this.#bridge(first.time - MINUTE, metrics);
    this.#observe(points);
  }

  /** Nothing was recorded of a new shard: what the metrics know of it is all. */
  async finish(metrics: ForecastParts['metrics']): Promise<void> {
    if (!this.#bridged && this.#rebuilt !== undefined) await this.#bridge(this.#now, metrics);
  }

  attempt(work: () => unknown): void {
    if (this.broken) return;
    try {
      work();
    } catch (error) {
      this.broken = true;
      this.error ??= messageOf(error);
    }
  }

  result(): ShardForecast {
    const { knownUntil } = this.forecaster;
    return {
      shard: this.shard,
      fed: this.#fed,
      ...(knownUntil !== undefined && { knownUntil }),
      ...(this.#rebuilt !== undefined && { rebuilt: this.#rebuilt }),
      ...(this.#missing !== undefined && { missing: this.#missing }),
      ...(this.#refused && { refused: this.#refused }),
      ...(this.error !== undefined && { error: this.error }),
    };
  }

  async #bridge(to: Seconds, metrics: ForecastParts['metrics']): Promise<void> {
    this.#bridged = true;
    const from = this.known ?? this.#now - REACH;
    if (to - from <= LONGEST_GAP) return;
    try {
      this.#observe(toSteps(await metrics.history(this.shard, from, to), this.#now, MINUTE));
    } catch (error) {
      const why = `history: ${messageOf(error)}`;
      if (this.known !== undefined || this.#now - to >= ENOUGH)
        this.#missing = this.#missing === undefined ? why : `${this.#missing}; ${why}`;
      else {
        // A state made now would do without that history for good: the next run begins anew.
        this.broken = true;
        this.error ??= why;
      }
    }
  }

  #observe(points: readonly LoadPoint[]): void {
    if (this.broken) return;
    for (const point of points) {
      if (point.time <= (this.forecaster.knownUntil ?? Number.NEGATIVE_INFINITY)) continue;
      try {
        this.forecaster.observe(point);
        this.#fed += 1;
      } catch (error) {
        this.#refused = {
          points: (this.#refused?.points ?? 0) + 1,
          why: this.#refused?.why ?? messageOf(error),
        };
      }
    }
  }
}

/**
 * The forecaster as its state says, or where that is of no use a new one, which knows what the calendar has learned,
 * and why.
 */
function takeUp(
  settings: Settings,
  shard: string,
  state: Uint8Array | undefined,
  now: Seconds,
  indicators: Indicators,
): { readonly forecaster: KeptForecaster; readonly rebuilt?: string } {
  const fresh = (rebuilt: string) => ({
    forecaster: createForecaster(settings, shard, undefined, indicators),
    rebuilt,
  });
  if (state === undefined) return fresh('no state');
  const anew = (rebuilt: string) => {
    try {
      return { forecaster: recreateForecaster(settings, shard, state, indicators), rebuilt };
    } catch (error) {
      return fresh(`${rebuilt}; what events did is lost: ${messageOf(error)}`);
    }
  };
  try {
    const forecaster = createForecaster(settings, shard, state, indicators);
    const { knownUntil = now } = forecaster;
    if (now - knownUntil <= REACH) return { forecaster };
    return anew(`nothing measured for ${Math.floor((now - knownUntil) / DAY)} days`);
  } catch (error) {
    return anew(messageOf(error));
  }
}
