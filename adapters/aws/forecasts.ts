import { type Forecast, type Influence, LEVELS, type Unusual } from '../../core/forecast/forecast.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { storable } from './storable.ts';
import { type Item, PK, type Table } from './table.ts';

/** A shard that left the settings leaves its forecast behind for so long. */
const KEPT: Seconds = 2 * DAY;
/** Writes on their way at once. */
const AT_ONCE = 25;
const MOST = 3.4e38;
/** Influences that are kept, the strongest: for people, and within the write unit. */
const MOST_MOVED = 3;

/** The newest forecast of each shard: one item of about 1 KB (one write unit) each, more while its load is unusual. */
export class ForecastStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Writes each on its own. Returns those that were not written: shard → why. */
  async write(forecasts: readonly Forecast[]): Promise<ReadonlyMap<string, string>> {
    const failed = new Map<string, string>();
    const waiting = [...forecasts];
    const one = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { shard } = next;
        // Collected: the others are as good without it.
        await this.#table.put(itemOf(next)).catch((error: unknown) => failed.set(shard, String(error)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return failed;
  }

  /**
   * By shard. An item of another version's shape is left out: for the planner that shard has no forecast, which it
   * says, until the next one is written.
   */
  async read(): Promise<ReadonlyMap<string, Forecast>> {
    const forecasts = new Map<string, Forecast>();
    for (const item of await this.#table.query(PK.forecast)) {
      const forecast = forecastOf(item as ForecastItem);
      if (forecast !== undefined) forecasts.set(item.sk, forecast);
    }
    return forecasts;
  }
}

interface ForecastItem extends Item {
  readonly at: Seconds;
  /** Absent while nothing was measured: no number says that. */
  readonly knownUntil?: Seconds;
  readonly aheads: readonly Seconds[];
  /** Float32, little-endian, horizon by horizon. */
  readonly quantiles: Uint8Array;
  readonly method: string;
  readonly moved?: readonly (readonly [cause: string, factor: number, ahead: Seconds])[];
  readonly unusual?: Unusual;
  readonly ttl: Seconds;
}

function itemOf({ shard, at, knownUntil, horizons, method, moved = [], unusual }: Forecast): Item {
  const quantiles = new Float32Array(horizons.length * LEVELS.length);
  for (const [h, horizon] of horizons.entries())
    for (let i = 0; i < LEVELS.length; i++)
      quantiles[h * LEVELS.length + i] = Math.min(MOST, horizon.quantiles[i]!);
  return {
    pk: PK.forecast,
    sk: shard,
    at,
    ...(Number.isFinite(knownUntil) && { knownUntil }),
    aheads: horizons.map(({ ahead }) => ahead),
    quantiles: new Uint8Array(quantiles.buffer),
    method,
    ...(moved.length > 0 && { moved: moved.slice(0, MOST_MOVED).map(packed) }),
    ...(unusual !== undefined && { unusual: storable(unusual) }),
    ttl: Math.ceil(at + KEPT),
  };
}

/** Four digits of the factor are more than anybody reads. */
const packed = ({ cause, factor, ahead }: Influence) =>
  [cause, Number(Math.min(MOST, factor).toPrecision(4)), ahead] as const;

function forecastOf(item: ForecastItem): Forecast | undefined {
  const { sk: shard, at, knownUntil = Number.NEGATIVE_INFINITY, aheads, quantiles: bytes, method } = item;
  const { moved, unusual } = item;
  if (aheads.length === 0 || bytes.length !== aheads.length * LEVELS.length * 4) return undefined;
  // A copy: what comes over the wire may begin anywhere.
  const quantiles = new Float32Array(bytes.slice().buffer);
  const horizons = aheads.map((ahead, h) => ({
    ahead,
    quantiles: Array.from(quantiles.subarray(h * LEVELS.length, (h + 1) * LEVELS.length)),
  }));
  return {
    ...{ shard, at, knownUntil, horizons, method },
    ...(moved !== undefined && {
      moved: moved.map(([cause, factor, ahead]) => ({ cause, factor, ahead })),
    }),
    ...(unusual !== undefined && { unusual }),
  };
}
