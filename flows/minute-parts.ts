import type { OpenRequest, ShardPlan } from '../core/capacity/plan.ts';
import type { Failure } from '../core/failure.ts';
import type { Forecast } from '../core/forecast/forecast.ts';
import type { Clock, Events, Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Seconds } from '../core/time.ts';
import type { Vms } from '../core/vm/store.ts';
import type { RecordedMove } from './brake.ts';
import type { OpenFinding } from './findings.ts';
import type { ReserveMemory } from './reserves.ts';
import type { RiskMemory } from './risk.ts';
import type { Switched } from './snapshot.ts';
import type { Planner, TickResult } from './tick.ts';

/** What the tick of each minute asks of the world, besides what every flow asks. */
export interface MinuteParts {
  readonly clock: Clock;
  readonly events: Events;
  readonly planner: Planner;
  readonly settings: { read(): Promise<{ readonly settings: Settings; readonly etag: string }> };
  readonly modes: { read(): Promise<Switched> };
  /** The service under these settings; called once for each plan. */
  readonly service: (settings: Settings) => Service;
  /** By shard, as they were made. */
  readonly forecasts: { read(): Promise<ReadonlyMap<string, Forecast>> };
  readonly loads: { write(minute: Seconds, loads: ReadonlyMap<string, number>): Promise<void> };
  readonly records: PlanRecords;
  readonly lease: {
    /** Whether the holder has it until `expires`. */
    take(holder: string, expires: Seconds, now: Seconds): Promise<boolean>;
    release(holder: string): Promise<void>;
  };
  readonly memory: Memory;
  readonly risk: RiskMemory;
  readonly reserves: ReserveMemory;
  /** Instances that are divided into VM shards. */
  readonly vms: Vms;
  /** Start another function, without waiting for it. */
  readonly start: { routeSync(): Promise<void>; pollTargets(): Promise<void> };
}

export interface Service {
  readonly ports: Ports;
  /** Health as reconciliation asks it, of every slice in service: from a record, not call by call. */
  readonly health?: Ports['loadBalancer']['health'];
  readonly fleet: {
    /** Carries on what takes longer than a call. What failed is in the result. */
    settle(): Promise<readonly Failure[]>;
    openRequests(): Promise<readonly OpenRequest[]>;
  };
  /** Minutes of load that came with the last measurement and are to be recorded, each once. */
  readonly newLoads: () => readonly (readonly [minute: Seconds, loads: ReadonlyMap<string, number>])[];
}

export interface PlanRecords {
  /** `ahead`: how far ahead of the plan the forecasts are worth remembering. */
  planned(made: TickResult & Pick<Told, 'forecasts' | 'ahead'>): Promise<void>;
  latestPlan(): Promise<{ readonly shards: readonly Pick<ShardPlan, 'shard' | 'want'>[] } | undefined>;
  moves(span: { readonly from: Seconds; readonly to: Seconds }): Promise<readonly RecordedMove[]>;
}

interface Told {
  readonly forecasts: ReadonlyMap<string, Forecast>;
  readonly ahead: Seconds;
}

/** What is known from one tick to the next. */
export interface Remembered {
  /** The last good tick. */
  readonly goodAt?: Seconds;
  /** Up to then it is counted what happened. */
  readonly countedAt?: Seconds;
  /** ETag of the settings that were planned with last. */
  readonly etag?: string;
  /** ETag of the settings that target groups and rules follow. */
  readonly routesEtag?: string;
  /** For which settings route-sync was started last, and when. */
  readonly routesAsked?: { readonly etag: string; readonly at: Seconds };
  /** Findings that were there. */
  readonly open: readonly OpenFinding[];
}

export interface Memory {
  read(): Promise<Remembered>;
  write(change: Partial<Omit<Remembered, 'routesEtag'>>): Promise<void>;
  /** Somebody wants a plan while another is being made. Counts it. */
  ask(at: Seconds): Promise<void>;
  /** When a plan was last asked for so. */
  askedAt(): Promise<Seconds | undefined>;
}
