import type { LoadTrace } from '../../backtest/load.ts';
import type { Forecaster, LoadPoint } from '../../core/forecast/forecast.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { type Settings, type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';

/** Midnight UTC on a Monday. */
export const T0 = 1_767_571_200;

type FleetInput = Partial<SettingsInput['fleet']>;
type ShardInput = Partial<SettingsInput['shards'][number]>;

/** Active shards of capacity 100 per instance. */
export function settingsOf(
  names: readonly string[],
  fleet: FleetInput = {},
  shard: ShardInput = {},
): Settings {
  return settingsSchema.parse({
    service: 'test',
    shards: names.map((name) => ({ name, capacity: { perInstance: 100 }, mode: 'active', ...shard })),
    fleet: { max: 50, interruptionsPerDay: 0, ...fleet },
  } satisfies SettingsInput);
}

export function traceOf(rows: Record<string, readonly number[]>): LoadTrace {
  const values = Object.values(rows).map((row) => Float64Array.from(row));
  return { name: 'test', shards: Object.keys(rows), start: T0, step: 60, values };
}

/** Says the last value at every level. */
export function lastValue(shard: string): Forecaster {
  let last: LoadPoint | undefined;
  return {
    observe: (point) => {
      last = point;
    },
    forecast: (at, horizons) => ({
      shard,
      at,
      knownUntil: last?.time ?? at,
      horizons: horizons.map((ahead) => ({ ahead, quantiles: LEVELS.map(() => last?.load ?? 0) })),
      method: 'last',
    }),
  };
}
