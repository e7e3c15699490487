import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import type { Snapshot } from '../../core/capacity/plan.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { type Settings, settingsSchema } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { FIRST_PORT, sliceId } from '../../core/shards/slice.ts';

/** What one plan is made from. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly forecasts: ReadonlyMap<string, Forecast>;
  readonly settings: Settings;
}

const AT = 1_700_000_000;
const PER_INSTANCE = 100;
/** Instances that a shard has; with the ready and stopped ones below it is ten a shard. */
const ACTIVE = { least: 5, most: 13 };
/** Shards that have about an instance too few or too many by now, and go on so. */
const CHANGING = 0.05;
/** Instances of the last one that a steady shard does not need. */
const SPARE = 0.6;
/** Ready instances, as a share of ten a shard; what is missing to ten then is stopped. */
const READY = 0.01;
const ZONES = ['a', 'b', 'c'];
/** Standard normal quantiles at {@link LEVELS}. */
const NORMAL = [-2.326, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 2.054, 2.326, 2.576, 3.09];

/**
 * A service in the middle of its day, from a seed: ten instances a shard, a fifth of them Spot; most shards stay as
 * they are, one in twenty grows or shrinks. Priorities and noise differ.
 */
export function scene(shards: number, seed = 1): Scene {
  const random = xoroshiro128plus(seed);
  const uniform = () => (random.next() >>> 0) / 0x1_0000_0000;
  const between = (low: number, high: number) => low + Math.floor(uniform() * (high - low + 1));
  const total = 10 * shards;
  const instances: Instance[] = [];
  const facts = (group: 'steady' | 'spot') => {
    const n = instances.length;
    const id = `i-${n.toString(16).padStart(8, '0')}`;
    return { id, type: 'm7i.large', zone: ZONES[n % ZONES.length]!, group, since: AT - 3600 };
  };
  const run = (placement: Placement) => {
    const base = facts(uniform() < 0.2 ? 'spot' : 'steady');
    const slice = {
      id: sliceId(base.id, FIRST_PORT),
      instance: base.id,
      port: FIRST_PORT,
      share: 1,
      placement,
    };
    instances.push({ ...base, state: 'running', slices: [slice] });
  };
  const sizes = Array.from({ length: shards }, () => between(ACTIVE.least, ACTIVE.most));
  const settings = settingsSchema.parse({
    service: 'bench',
    shards: sizes.map((_, s) => ({
      name: `s${s}`,
      route: { host: `s${s}.example.com` },
      priority: between(0, 4) * 50,
      capacity: { perInstance: PER_INSTANCE },
      mode: 'active',
    })),
    readyPool: { max: Math.ceil(total * 0.05) },
    fleet: { max: 2 * total, spotShare: 0.2, maxMovesPerTick: 10_000 },
  });
  const horizons = planningHorizons(settings);
  const forecasts = new Map<string, Forecast>();
  sizes.forEach((size, s) => {
    const shard = settings.shards[s]!.name;
    for (let n = 0; n < size; n++) run({ kind: 'active', shard, since: AT - 3600 });
    const step = uniform() < CHANGING ? (uniform() < 0.5 ? 1 : -1.2) : 0;
    const now = (size - SPARE + step) * PER_INSTANCE;
    const noise = 0.01 + 0.02 * uniform();
    const made = horizons.map((ahead) => {
      const median = now + step * PER_INSTANCE * Math.min(1, ahead / 600);
      const deviation = noise * median * Math.sqrt(0.2 + ahead / 600);
      return { ahead, quantiles: NORMAL.map((z) => Math.max(0, median + z * deviation)) };
    });
    forecasts.set(shard, { shard, at: AT, knownUntil: AT - 60, horizons: made, method: 'bench' });
  });
  for (let n = 0; n < READY * total; n++) run({ kind: 'ready', since: AT - 600 });
  while (instances.length < total) instances.push({ ...facts('steady'), state: 'warm' });
  const measured = settings.shards.map(({ name }, s) => {
    const load = (sizes[s]! - SPARE) * PER_INSTANCE;
    return { shard: name, time: AT - 60, load, utilization: load / (sizes[s]! * PER_INSTANCE) };
  });
  return { snapshot: { at: AT, instances, openRequests: [], measured }, forecasts, settings };
}

if (NORMAL.length !== LEVELS.length)
  throw new RangeError(`NORMAL: expected ${LEVELS.length} levels, got ${NORMAL.length}`);
