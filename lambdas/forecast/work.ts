import type { Failure } from '../../core/failure.ts';
import { messageOf } from '../../core/failure.ts';
import { holidaysToRenew } from '../../core/forecast/calendar/renewal.ts';
import type { Clock } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import { chunksOf, type ForecastParts, forecastChunk, type ShardForecast } from '../../flows/forecast.ts';

export interface ForecastWorld {
  readonly clock: Clock;
  readonly settings: () => Promise<Settings>;
  readonly parts: (settings: Settings) => ForecastParts;
}

/** At most one of the two; neither: all chunks. */
export interface ForecastEvent {
  /** Only say which chunks there are. */
  readonly list?: true | undefined;
  /** Forecast this one. */
  readonly chunk?: number | undefined;
}

export interface Forecasts {
  readonly outcome: 'done' | 'failed';
  /** Shards that have a new forecast. */
  readonly forecast: number;
  /** Points that were fed to their forecasters. */
  readonly fed: number;
  /** Shards of which something is to be said: rebuilt from history, refused points, an error. */
  readonly notable: readonly ShardForecast[];
  readonly failures: readonly Failure[];
  /** What people should know, once a day. */
  readonly warnings: readonly string[];
}

/** What a chunk may need when its history is read anew: 25 shards of three weeks of minutes, 3 to 6 s of a vCPU each. */
const CHUNK: Seconds = 150;

/**
 * @param endsAt when the process ends: no chunk is begun shortly before
 * @throws what a single chunk throws, to be tried again; where all are forecast, a chunk that fails is in the result
 */
export async function forecast(
  { clock, settings: read, parts }: ForecastWorld,
  event: ForecastEvent,
  endsAt: Seconds,
): Promise<Forecasts | { readonly chunks: readonly number[] }> {
  const settings = await read();
  const chunks = chunksOf(settings);
  if (event.list) return { chunks: chunks.map(({ chunk }) => chunk) };
  const ports = parts(settings);
  const warnings = warningsOf(settings, clock.now());
  if (event.chunk !== undefined) {
    const chunk = chunks[event.chunk];
    // The settings have become shorter since the chunks were listed.
    if (chunk === undefined) return counted([], [], []);
    const { shards, failures } = await forecastChunk(ports, settings, chunk, clock.now());
    return counted(shards, failures, event.chunk === 0 ? warnings : []);
  }
  // Begun at another one each minute, so that with too little time for all none is always the one left out.
  const first = Math.floor(clock.now() / MINUTE) % chunks.length;
  const shards: ShardForecast[] = [];
  const failures: Failure[] = [];
  for (const chunk of [...chunks.slice(first), ...chunks.slice(0, first)]) {
    const what = `forecast chunk ${chunk.chunk}`;
    if (clock.now() + CHUNK > endsAt) {
      failures.push({ what, error: 'no time was left; the next run begins elsewhere' });
      continue;
    }
    try {
      const made = await forecastChunk(ports, settings, chunk, clock.now());
      shards.push(...made.shards);
      failures.push(...made.failures);
    } catch (error) {
      failures.push({ what, error: messageOf(error) });
    }
  }
  return counted(shards, failures, warnings);
}

/** In the first run of a day (UTC) only: they are not worth a line every minute. */
function warningsOf(settings: Settings, now: Seconds): string[] {
  return now % DAY < settings.forecast.every ? holidaysToRenew(settings, now) : [];
}

function counted(
  shards: readonly ShardForecast[],
  failures: readonly Failure[],
  warnings: readonly string[],
): Forecasts {
  const made = shards.filter(({ error }) => error === undefined);
  return {
    outcome: failures.length > 0 || made.length < shards.length ? 'failed' : 'done',
    forecast: made.length,
    fed: shards.reduce((sum, { fed }) => sum + fed, 0),
    notable: shards.filter(
      ({ rebuilt, refused, missing, error }) => (rebuilt ?? refused ?? missing ?? error) !== undefined,
    ),
    failures,
    warnings,
  };
}
