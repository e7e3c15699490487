import { type Failure, messageOf } from '../core/failure.ts';
import type { Indicators, LoadPoint } from '../core/forecast/forecast.ts';
import { IndicatorSources, type Measured, OTHERS } from '../core/forecast/indicators/sources.ts';
import type { Settings } from '../core/settings/schema.ts';
import { HOUR, MINUTE, type Seconds } from '../core/time.ts';

/** Where the series that the settings name as indicators are measured. */
export interface IndicatorMetrics {
  /** Points with `from < time ≤ to`: by shard, by name of the indicator, ascending. */
  read(
    shards: readonly string[],
    from: Seconds,
    to: Seconds,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, readonly LoadPoint[]>>>;
}

/** A value stands for about an hour: so far back the newest one may lie. */
const BACK: Seconds = 2 * HOUR;
/** A shard that was known so lately is expected to be known now. */
const LATELY: Seconds = HOUR;

/**
 * What may lead the shards of one chunk while they are fed: the sum of the chunk's other shards, and the metrics that
 * the settings name. Forecasters hold on to it; what it knows is put in as it is read.
 */
export class ChunkIndicators {
  readonly #settings: Settings;
  #named: ReadonlyMap<string, ReadonlyMap<string, Measured>> = new Map();
  #sources = new IndicatorSources(new Map(), MINUTE);
  /** Until the next loads come. */
  #byShard = new Map<string, Indicators>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** For a forecaster, for as long as it is fed. */
  of(shard: string): Indicators {
    return {
      names: [OTHERS, ...this.#namesOf(shard)],
      at: (i, time) => this.#now(shard).at(i, time),
    };
  }

  /**
   * Reads the named metrics from the first time on that a forecaster may ask for.
   * @returns why they could not be had; forecasts do without
   */
  async read(
    metrics: IndicatorMetrics | undefined,
    shards: readonly string[],
    from: Seconds,
    to: Seconds,
  ): Promise<Failure | undefined> {
    const wanted = shards.filter((shard) => this.#namesOf(shard).length > 0);
    if (metrics === undefined || wanted.length === 0) return undefined;
    try {
      const read = await metrics.read(wanted, from - BACK, to);
      this.#named = new Map([...read].map(([shard, series]) => [shard, measuredOf(series)]));
      this.#byShard = new Map();
      return undefined;
    } catch (error) {
      return { what: 'read indicators', error: messageOf(error) };
    }
  }

  /**
   * Puts in the loads that come next, of all shards of the chunk.
   * @param known up to when each shard was known before, to tell one that is late from one that is gone
   */
  next(loads: ReadonlyMap<string, readonly LoadPoint[]>, known: readonly (Seconds | undefined)[]): void {
    const first = Math.min(...[...loads.values()].map(([point]) => point?.time ?? Number.POSITIVE_INFINITY));
    const least = known.filter((until) => until !== undefined && until >= first - LATELY).length;
    this.#sources = new IndicatorSources(measuredOf(loads), MINUTE, least);
    this.#byShard = new Map();
  }

  #now(shard: string): Indicators {
    const there = this.#byShard.get(shard);
    if (there !== undefined) return there;
    const named = this.#named.get(shard);
    const nothing: Measured = { times: [], values: [] };
    const all = this.#namesOf(shard).map((name) => [name, named?.get(name) ?? nothing] as const);
    const made = this.#sources.of(shard, new Map(all));
    this.#byShard.set(shard, made);
    return made;
  }

  #namesOf(shard: string): readonly string[] {
    return this.#settings.shards.find(({ name }) => name === shard)?.indicators.map(({ name }) => name) ?? [];
  }
}

function measuredOf(series: ReadonlyMap<string, readonly LoadPoint[]>): ReadonlyMap<string, Measured> {
  return new Map(
    [...series].map(([name, points]) => [
      name,
      {
        times: Float64Array.from(points, ({ time }) => time),
        values: Float64Array.from(points, ({ load }) => load),
      },
    ]),
  );
}
