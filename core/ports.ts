import type { FleetAction, Measured } from './capacity/plan.ts';
import type { LoadPoint } from './forecast/forecast.ts';
import type { Agents } from './hand-over/agents.ts';
import type { HandOvers } from './hand-over/record.ts';
import type { SlotMaps } from './hand-over/slots.ts';
import type { Instance } from './shards/instance.ts';
import type { Placement } from './shards/placement.ts';
import type { Seconds } from './time.ts';

/**
 * The ports: all that flows/ may ask of the world. One contract suite per port runs against each implementation
 * (simulated, local, AWS). Every call may fail; every effect is idempotent under its key.
 */

export interface Clock {
  now(): Seconds;
  /** Resolves at `until` or at once when that has passed. */
  sleepUntil(until: Seconds): Promise<void>;
}

/** What Spot says about an instance; no API of EC2 lists it afterwards. */
export type SpotAnnouncement =
  | { readonly kind: 'rebalance'; readonly at: Seconds }
  /** It ends at `deadline` at the latest. */
  | { readonly kind: 'interruption'; readonly at: Seconds; readonly deadline: Seconds };

/** The machines. Instances come back with the facts of EC2; placements are the store's. */
export interface Fleet {
  list(): Promise<readonly Instance[]>;
  /**
   * Carries out one fleet action. `key` makes a repeat harmless. A released instance leaves service when none of its
   * slices is registered or draining anywhere; until then it is `draining`.
   */
  apply(action: FleetAction, key: string): Promise<void>;
  /** Marks an instance that must go: failed or unhealthy. It is replaced by the next plan. */
  retire(instance: string, why: 'failed' | 'unhealthy'): Promise<void>;
  /** Remembers what Spot announced, so that `list` shows it. Harmless when the instance is gone or it was said before. */
  announce(instance: string, announced: SpotAnnouncement): Promise<void>;
}

export type TargetHealth = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

export interface LoadBalancer {
  register(shard: string, slice: string): Promise<void>;
  deregister(shard: string, slice: string): Promise<void>;
  /** `unused` when it is not registered there. */
  health(shard: string, slice: string): Promise<TargetHealth>;
}

export type HostCommand =
  | { readonly kind: 'activate'; readonly shard: string }
  | { readonly kind: 'deactivate'; readonly shard: string };

export type HostResult = { readonly ok: true } | { readonly ok: false; readonly error: string };

export interface Hosts {
  /** Runs a command for a slice on its instance and waits for it. A failure of the command is a result, not an error. */
  run(slice: string, command: HostCommand): Promise<HostResult>;
}

export interface LoadMetrics {
  /** Points with `from < time ≤ to`, ascending, for one shard. */
  history(shard: string, from: Seconds, to: Seconds): Promise<readonly LoadPoint[]>;
  measured(shards: readonly string[]): Promise<readonly Measured[]>;
}

export interface StoredSlice {
  readonly slice: string;
  readonly placement: Placement;
  /** Rises with every write; a conditional write names the version that it saw. */
  readonly version: number;
  /** The workflow that holds the slice. */
  readonly holder?: string;
  readonly holderExpires?: Seconds;
}

/** Lost a race: somebody else wrote first. Expected; the caller drops its move. */
export type ClaimResult =
  | { readonly ok: true; readonly slice: StoredSlice }
  | { readonly ok: false; readonly seen?: StoredSlice };

export interface ShardStore {
  slices(): Promise<readonly StoredSlice[]>;
  get(slice: string): Promise<StoredSlice | undefined>;
  /** Adds a slice that has just come up, as `ready`; a repeat changes nothing. */
  add(slice: string, at: Seconds): Promise<void>;
  /** Takes hold of a slice for a workflow, if nobody else has it and its version is the one seen. */
  claim(slice: string, version: number, holder: string, expires: Seconds): Promise<ClaimResult>;
  /** Writes the next placement, only as its holder. */
  put(slice: string, holder: string, placement: Placement): Promise<ClaimResult>;
  /** Lets go of a slice. Harmless when it is not held. */
  release(slice: string, holder: string): Promise<void>;
  /** The instance is gone. */
  remove(slice: string): Promise<void>;
}

export interface Event {
  readonly type: string;
  readonly at: Seconds;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Events {
  publish(events: readonly Event[]): Promise<void>;
}

export interface Workflows {
  /** Starts a flow once per name; a second start under the same name is the same execution. */
  start(flow: 'move' | 'hand-over' | 'activate-standby', name: string, input: unknown): Promise<void>;
}

export interface Ports {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly loadBalancer: LoadBalancer;
  readonly hosts: Hosts;
  readonly metrics: LoadMetrics;
  readonly store: ShardStore;
  readonly events: Events;
  readonly workflows: Workflows;
  /** Who holds each slot of the shards that have state. */
  readonly slots: SlotMaps;
  readonly agents: Agents;
  readonly handOvers: HandOvers;
}
