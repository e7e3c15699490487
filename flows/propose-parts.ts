import type { ShardPlan } from '../core/capacity/plan.ts';
import type { KeyCounts } from '../core/forecast/emerging/counts.ts';
import type { Proposals } from '../core/forecast/emerging/store.ts';
import type { Clock, Events } from '../core/ports.ts';
import type { Mode, Settings } from '../core/settings/schema.ts';
import type { Seconds } from '../core/time.ts';

/** What accepting and declining ask of the world. */
export interface AcceptParts {
  readonly clock: Clock;
  readonly proposals: Proposals;
  readonly settings: {
    read(): Promise<{ readonly settings: Settings; readonly text: string; readonly etag: string }>;
    /** @throws when it is wrong, or when what is there is not `over`. */
    write(text: string, file: string, over: string): Promise<unknown>;
  };
  readonly modes: { read(): Promise<{ readonly modes: Readonly<Record<string, Mode>> }> };
  /** Starts route-sync; does not wait for it. */
  readonly syncRoutes: () => Promise<void>;
}

/** What looking for new shards asks of it besides. */
export interface ProposeParts extends AcceptParts {
  readonly events: Events;
  /** What the instances counted in spans from `from` to before `to`, in order of time, per shard. */
  readonly counts: {
    read(from: Seconds, to: Seconds): Promise<ReadonlyMap<string, readonly KeyCounts[]>>;
  };
  /** What is known of the keys of each shard, as bytes; undefined before the first. */
  readonly trackers: {
    read(): Promise<ReadonlyMap<string, Uint8Array> | undefined>;
    write(states: ReadonlyMap<string, Uint8Array>): Promise<void>;
  };
  /** The newest plan: what serves each shard. */
  readonly latestPlan: () => Promise<
    { readonly at: Seconds; readonly shards: readonly Pick<ShardPlan, 'shard' | 'have'>[] } | undefined
  >;
}
