import { planningHorizons } from '../../core/capacity/horizons.ts';
import type { Snapshot } from '../../core/capacity/plan.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { type Settings, type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { parseSliceId, type Slice, shareOf, sliceIdsOf } from '../../core/shards/slice.ts';

export const AT = 1_760_000_000;

/** What one plan is made from. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly forecasts: ReadonlyMap<string, Forecast>;
  readonly settings: Settings;
}

type ShardInput = Partial<SettingsInput['shards'][number]>;

/** Settings with shards `a`, `b`, …; each instance serves 100. */
export function settingsOf(
  shards: readonly ShardInput[],
  fleet: Partial<SettingsInput['fleet']> = {},
  rest: Partial<SettingsInput> = {},
): Settings {
  return settingsSchema.parse({
    service: 'test',
    shards: shards.map((shard, s) => ({
      name: nameOf(s),
      capacity: { perInstance: 100 },
      mode: 'active',
      ...(s >= 100 && { route: { host: `${nameOf(s)}.example.com` } }),
      ...shard,
    })),
    fleet: { max: 100, ...fleet },
    ...rest,
  });
}

export function nameOf(s: number): string {
  return s < 26 ? String.fromCharCode(97 + s) : `s${s}`;
}

/** Shard `name` will have `load(seconds ahead)`, within ± `spread` of it in nine of ten cases. */
export function forecastOf(
  shard: string,
  settings: Settings,
  load: number | ((ahead: number) => number),
  spread = 0,
): Forecast {
  const at = typeof load === 'number' ? () => load : load;
  const horizons = planningHorizons(settings).map((ahead) => ({
    ahead,
    quantiles: LEVELS.map((level) => Math.max(0, at(ahead) * (1 + spread * NORMAL[LEVELS.indexOf(level)]!))),
  }));
  return { shard, at: AT, knownUntil: AT - 60, horizons, method: 'test' };
}

/** Standard normal quantiles at the levels, over the one at 0.95. */
const NORMAL = [-1.41, -1, -0.78, -0.41, 0, 0.41, 0.78, 1, 1.25, 1.41, 1.57, 1.88];

/** The same load in all time to come, per shard. */
export function steadyForecasts(settings: Settings, loads: readonly number[], spread = 0.05) {
  return new Map(
    settings.shards.map(({ name }, s) => [name, forecastOf(name, settings, loads[s]!, spread)] as const),
  );
}

let launched = 0;

interface RunningChange {
  readonly group?: 'steady' | 'spot';
  readonly zone?: string;
  readonly type?: string;
  readonly id?: string;
  readonly rebalanceAt?: number;
}

export type Place = 'ready' | `${'active' | 'activating' | 'draining' | 'reserved' | 'expired'} ${string}`;

export function placement(place: Place): Placement {
  const since = AT - 600;
  if (place === 'ready') return { kind: 'ready', since };
  const [kind, shard] = place.split(' ') as [string, string];
  if (kind === 'reserved' || kind === 'expired')
    return { kind: 'reserved', since, shard, until: kind === 'expired' ? AT : AT + 300 };
  return { kind: kind as 'active' | 'activating' | 'draining', since, shard };
}

/** A running instance whose slices stand like this; with fewer places than slices, the last one holds for the rest. */
export function running(settings: Settings, places: readonly Place[], change: RunningChange = {}): Instance {
  const facts = factsOf(settings, change);
  return { ...facts, state: 'running', slices: slicesFor(facts, settings, places), ...rebalance(change) };
}

export function slicesFor(
  { id, type }: { id: string; type: string },
  settings: Settings,
  places: readonly Place[],
): Slice[] {
  return sliceIdsOf(id, settings).map((slice, i) => ({
    id: slice,
    ...parseSliceId(slice),
    share: shareOf(type, settings),
    placement: placement(places[i] ?? places.at(-1)!),
  }));
}

/** `count` instances of one kind; running ones take turns through the zones. */
export function many(count: number, make: (i: number) => Instance): Instance[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

export function stopped(settings: Settings): Instance {
  return { ...factsOf(settings, {}), state: 'warm' };
}

export function factsOf(settings: Settings, { group = 'steady', zone, type, id }: RunningChange) {
  const n = launched++;
  const { zones, instanceTypes } = settings.fleet;
  return {
    id: id ?? `i-${String(n).padStart(6, '0')}`,
    type: type ?? instanceTypes[0]!.type,
    zone: zone ?? zones[n % zones.length]!,
    group,
    since: AT - 3600,
  };
}

function rebalance({ rebalanceAt }: RunningChange) {
  return rebalanceAt === undefined ? {} : { rebalanceAt };
}

export function snapshotOf(instances: readonly Instance[], change: Partial<Snapshot> = {}): Snapshot {
  return { at: AT, instances, openRequests: [], measured: [], ...change };
}
