import type { AgentOrders } from '../core/hand-over/agents.ts';
import type { ShardSettings } from '../core/settings/schema.ts';
import type { Seconds } from '../core/time.ts';
import type { App } from './contract.ts';

/** What the instance metadata says of Spot. */
export interface Notice {
  /** AWS recommends to leave the instance: said at. */
  readonly rebalanceAt?: Seconds;
  /** Spot takes the instance: seen at, and when it ends. */
  readonly noticeAt?: Seconds;
  readonly deadline?: Seconds;
}

/** A slice on which the environment of a shard with state is active. */
export interface ActiveSlice {
  readonly slice: string;
  /** Where the gateway listens: the port that is registered at the load balancer. */
  readonly port: number;
  /** Where the application listens, on 127.0.0.1. */
  readonly appPort: number;
  readonly shard: ShardSettings;
  readonly app: App;
  /** Of the application, as an agent that ended has heard it last. */
  readonly generation?: string;
}

/** Who has made a shard's environment active. */
export type ActivatedBy = 'control' | 'hand-over';

/** What the daemon does for those that serve slots. */
export interface Host {
  readonly instance: string;
  readonly bootId: string;
  /**
   * Makes the environment of a shard active on a slice of this instance, and opens it. A repeat is harmless.
   * @param by a hand-over gets no slice that the control plane has put into another shard @default the control plane
   */
  activate(slice: string, shard: string, by?: ActivatedBy): Promise<ActiveSlice>;
  deactivate(slice: string): Promise<void>;
  /** Ids of the slices of this instance. */
  slices(): readonly string[];
  /** Beats at once, so that others see what has changed. */
  beat(): Promise<void>;
}

/**
 * Gateways, slots and hand-overs of one instance, as the daemon drives them. Its slices are those of shards whose state
 * is copied; others need none of this.
 */
export interface Serving {
  /** The environment of a shard with state has become active on the slice. */
  open(slice: ActiveSlice): Promise<void>;
  /** Whether the slice has slots, or all of their state: they would be lost if it left its shard for another. */
  holds(slice: string): boolean;
  /** The slice leaves its shard: it serves no slot any more when this resolves. */
  close(slice: string): Promise<void>;
  /**
   * The table took a beat.
   * @param began monotonic time before it was written: the lease of so many seconds runs from then
   */
  beaten(orders: AgentOrders, began: Seconds, lease: Seconds): void;
  /**
   * The application of a slice has said which run it is. Another one than before has lost what was in memory.
   * @returns whether nothing is vouched for that another run had
   */
  saw(slice: string, generation: string): boolean;
  /** The metadata say something new. */
  noticed(notice: Notice): void;
  /** Hands one slice over as `foreshard-agent hand-over` asks. @returns what came of it, for a person. */
  handOver(slice: string, target: string): Promise<string>;
  stop(): Promise<void>;
}
