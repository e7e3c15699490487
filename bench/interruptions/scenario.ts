import { luck } from '../../backtest/world/random.ts';
import { SPOT_HABITS, type SpotHabits } from '../../backtest/world/spot.ts';
import { type Settings, settingsSchema } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';

/** What the scenario takes for given; each is varied in a row of its own. */
export interface Assumptions {
  readonly shards: number;
  /** Instances of a shard: 1 to this. */
  readonly mostInstances: number;
  /** Slices of an instance: they go with it, and share its link. */
  readonly slicesPerInstance: number;
  /** State of a slice, from and to; log-uniform. */
  readonly stateMiB: readonly [number, number];
  /** Share of it that changes in a second, from and to. */
  readonly dirtyPerSecond: readonly [number, number];
  readonly gbps: number;
  /** Part of the link that the copy gets, encryption and the rest of the traffic taken off. */
  readonly linkShare: number;
  readonly habits: SpotHabits;
  /** Share of interruptions without any notice. */
  readonly silent: number;
  /** From a launch to a ready slice: On-Demand and Spot alike. */
  readonly cold: Seconds;
  /** Whether all instances of a lost zone hear of it equally early. */
  readonly together: boolean;
  /** $ that an uncopied slice costs. */
  readonly lossCost: number;
  readonly most: number;
  /** Seconds for which a reserve is held at least. */
  readonly hold: Seconds;
  /** Most Spot instances of ours in one zone. */
  readonly perZone: number;
  readonly seed: number;
}

export const SCENARIO: Assumptions = {
  shards: 40,
  mostInstances: 4,
  slicesPerInstance: 1,
  stateMiB: [256, 4096],
  dirtyPerSecond: [0, 0.01],
  gbps: 0.78,
  linkShare: 0.8,
  habits: { ...SPOT_HABITS, warnsNew: true },
  silent: 0.01,
  cold: 240,
  together: false,
  lossCost: 20,
  most: 60,
  hold: 300,
  perZone: 10,
  seed: 1,
};

export type Policy = 'foreshard' | 'none' | 'spare per shard';

const PER_INSTANCE = 100;
/** Part of its instances' capacity that a shard uses. */
const LOAD = 0.85;

export interface Scenario {
  readonly settings: Settings;
  /** Instances of each shard. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly loads: ReadonlyMap<string, number>;
}

/** Shards, state and settings of one run; the same for every policy. */
export function scenarioOf(assumed: Assumptions, policy: Policy, zones: readonly string[]): Scenario {
  const draws = luck(assumed.seed, 'shards');
  const sizes = new Map<string, number>();
  const shards = Array.from({ length: assumed.shards }, (_, s) => {
    const name = `shard-${String(s).padStart(2, '0')}`;
    const size = 1 + Math.floor(draws.uniform() * assumed.mostInstances);
    sizes.set(name, size);
    const [least, most] = assumed.stateMiB;
    return {
      name,
      mode: 'active' as const,
      guarantee: size,
      max: size + 2,
      capacity: { perInstance: PER_INSTANCE },
      handOver: {
        state: 'copy' as const,
        stateMiB: Math.exp(draws.between(Math.log(least), Math.log(most))),
        dirtyPerSecond: draws.between(...assumed.dirtyPerSecond),
      },
    };
  });
  const instances = [...sizes.values()].reduce((sum, n) => sum + n, 0);
  const max = {
    foreshard: assumed.most,
    none: 0,
    'spare per shard': assumed.shards,
  }[policy];
  const settings = settingsSchema.parse({
    service: 'interruptions',
    shards,
    // No slice stands idle for anything but interruptions: what is held is held by the policy.
    readyPool: { target: 0, max: 100 },
    fleet: {
      max: 4 * instances + 100,
      instanceTypes: [{ type: 'm7i.large', weight: 1, interruptionClass: 4 }],
      zones: [...zones],
      slicesPerInstance: assumed.slicesPerInstance,
      spotShare: 1,
      warmMax: 0,
      leadTimes: { cold: { seconds: assumed.cold } },
      reserves: {
        max,
        hold: assumed.hold,
        perZone: assumed.perZone,
        lossCost: assumed.lossCost,
        gbps: assumed.gbps * assumed.linkShare,
      },
    },
  });
  const loads = new Map([...sizes].map(([name, n]) => [name, LOAD * n * PER_INSTANCE]));
  return { settings, sizes, loads };
}
