import type { Unusual } from '../forecast/forecast.ts';
import type { ReserveRequest, SliceRisk, SpotPool } from '../interruption/risk.ts';
import type { Mode } from '../settings/schema.ts';
import type { Group, Instance } from '../shards/instance.ts';
import type { Seconds } from '../time.ts';

/** What was measured of one shard, as of the newest point. */
export interface Measured {
  readonly shard: string;
  /** Time of the newest load point; undefined when nothing was ever measured. */
  readonly time?: Seconds;
  /** Load at that time, in the shard's unit. */
  readonly load?: number;
  /** Share of the serving capacity in use (CPU or load over capacity, whichever is larger). */
  readonly utilization?: number;
  /** Seconds. */
  readonly latency?: number;
  /** Healthy targets of the shard's target group, whoever registered them. */
  readonly healthyHosts?: number;
}

/** Capacity that was asked for and has not arrived. A claim is on a request: nobody can choose which instance starts. */
export interface OpenRequest {
  readonly id: string;
  readonly group: Group;
  readonly count: number;
  readonly at: Seconds;
  readonly expires: Seconds;
}

/** A zone that had no capacity when a launch was asked of it. */
export interface Refusal {
  readonly group: Group;
  readonly zone: string;
  readonly at: Seconds;
}

/** Everything that the planner looks at, at one instant. Plain data. */
export interface Snapshot {
  readonly at: Seconds;
  readonly instances: readonly Instance[];
  readonly openRequests: readonly OpenRequest[];
  readonly measured: readonly Measured[];
  /** Mode per shard where it differs from the settings (switched without a deploy). */
  readonly modes?: Readonly<Record<string, Mode>>;
  /** Per shard in hold: the instances (in capacity, by weight) that it had when hold began. Default: what it has. */
  readonly holdAt?: Readonly<Record<string, number>>;
  /** Slices that a running workflow holds; the planner leaves them alone. */
  readonly held?: readonly string[];
  /** What an interruption of each serving slice would cost, and how likely it is. @default nothing is known: no reserves */
  readonly risks?: readonly SliceRisk[];
  /** Reserves that were asked for by people or programs, besides what risk asks for. */
  readonly reserveRequests?: readonly ReserveRequest[];
  /** Slice at risk → reserve, as ordered by the plan before. @default none */
  readonly reserveFor?: Readonly<Record<string, string>>;
  /** Slice → the slice that its hand-over, which is under way, goes to. @default none */
  readonly handingOver?: Readonly<Record<string, string>>;
  /** Zones that had no capacity of late: nothing is launched there by name. @default none */
  readonly refusals?: readonly Refusal[];
}

/** Which rule asked for a move, a start or a release. */
export type Rule =
  | 'guarantee' // below its guarantee
  | 'forecast' // the forecast makes one more slice worth its cost
  | 'reactive' // measured utilisation or latency above its bound
  | 'pre-emption' // taken from a lower priority for a higher one
  | 'replace' // makes up for a lost, interrupted or failed slice
  | 'release' // the forecast does not pay for it any more
  | 'mix' // brings the mix of Spot and On-Demand to what the settings ask for
  | 'consolidate' // packs slices so that a whole instance comes free
  | 'pool' // keeps the ready pool or the warm pool at its target
  | 'wake' // a cold standby shard is needed
  | 'sleep' // a cold standby shard is not needed any more
  | 'reserve' // held for shards whose instances may be taken
  | 'interruption'; // Spot takes the instance

/** Why: enough to explain the decision to a person later, without the run's memory. */
export interface Reason {
  readonly rule: Rule;
  /** Seconds ahead of the tick for which it was decided. */
  readonly ahead?: Seconds;
  /** Forecast load at that time: median and 0.9, 0.99 quantile (the shard's unit). */
  readonly forecast?: { readonly median: number; readonly q90: number; readonly q99: number };
  /** Capacity that the shard needs and has at that time (the shard's unit). */
  readonly need?: number;
  readonly have?: number;
  /** Expected value of this slice over its cost at that time; above 1 it pays. */
  readonly value?: number;
  /** What else was considered and why it lost, in words. */
  readonly considered?: readonly string[];
}

/** One slice, one from-placement, one to-placement, one reason. */
export interface Move {
  readonly id: string;
  readonly slice: string;
  readonly from:
    | { readonly kind: 'ready' }
    | { readonly kind: 'active' | 'reserved'; readonly shard: string };
  readonly to:
    | { readonly kind: 'ready' }
    | { readonly kind: 'active'; readonly shard: string }
    | {
        readonly kind: 'reserved';
        readonly shard: string;
        /** More shards that it is held for: their risks are independent of the first one's. */
        readonly also?: readonly string[];
        readonly until: Seconds;
      };
  readonly reason: Reason;
}

/** Change to the fleet itself. Desired sizes are absolute, because two writers of "+1" lose one. */
export type FleetAction =
  /** Start instances: the group takes them from its warm pool first, then launches cold. */
  | { readonly kind: 'start'; readonly group: Group; readonly count: number; readonly reason: Reason }
  /**
   * One running instance in a given zone, for a reserve: LaunchInstances. It is accepted only if its type + zone is not
   * `avoid`; where there is no capacity, the action is refused and the next plan tries another zone or On-Demand.
   */
  | {
      readonly kind: 'launch';
      readonly group: Group;
      readonly zone: string;
      readonly avoid?: SpotPool;
      readonly reason: Reason;
    }
  /** A running instance whose slices are all `ready` (or have moves to `ready` in this plan) leaves service. */
  | {
      readonly kind: 'release';
      readonly instance: string;
      readonly to: 'warm' | 'retired' | 'standby';
      /** The shard that it stands by for, if `to` is `standby`. */
      readonly shard?: string;
      readonly reason: Reason;
    }
  /** Stopped instances that are given up. */
  | { readonly kind: 'discard'; readonly instance: string; readonly reason: Reason }
  /** Cold launches that go straight into the warm pool. */
  | { readonly kind: 'stock'; readonly count: number; readonly reason: Reason }
  /** A powered-down standby instance is started for its shard. */
  | { readonly kind: 'wake'; readonly instance: string; readonly shard: string; readonly reason: Reason };

/** What the plan intends per shard; the numbers behind the moves. */
export interface ShardPlan {
  readonly shard: string;
  readonly mode: Mode;
  /**
   * Capacity (the shard's unit) serving now, coming (activating), and wanted, whether or not it can be had by now. In
   * shadow: what serves the shard, by others too as far as that is measured, and what it would have if it were active.
   */
  readonly have: number;
  readonly coming: number;
  readonly want: number;
  readonly guarantee: number;
  /** In shadow, where the plan would change the shard: why. */
  readonly reason?: Reason;
}

export type Finding =
  | {
      readonly kind: 'GuaranteeAtRisk';
      readonly shard: string;
      readonly guarantee: number;
      readonly have: number;
    }
  | { readonly kind: 'PoolExhausted'; readonly wanted: number; readonly had: number }
  | { readonly kind: 'FleetAtMax'; readonly wanted: number; readonly max: number }
  /** `age` is infinite where nothing was ever measured. */
  | { readonly kind: 'LoadLate'; readonly shard: string; readonly age: Seconds }
  /** Its forecast is missing (`age` infinite) or old: the shard may grow, and does not shrink. */
  | { readonly kind: 'ForecastLate'; readonly shard: string; readonly age: Seconds }
  /** Its newest load is unusual. Where it is not believed (`withheld`), the shard keeps its size. */
  | { readonly kind: 'ForecastAnomaly'; readonly shard: string; readonly unusual: Unusual };

/** A reserved slice that the plan keeps, and what it is for. */
export interface KeptReserve {
  readonly slice: string;
  /** As its placement should say. */
  readonly shard: string;
  readonly also: readonly string[];
  readonly until: Seconds;
  /** Whether the placement does not say so yet. */
  readonly changed: boolean;
}

/** The moves of one tick. */
export interface Plan {
  readonly at: Seconds;
  readonly moves: readonly Move[];
  readonly fleet: readonly FleetAction[];
  /** Desired capacity of each group and of the warm pool after this plan (instances). */
  readonly desired: { readonly steady: number; readonly spot: number; readonly warm: number };
  readonly pool: { readonly target: number; readonly ready: number; readonly bound: number };
  readonly shards: readonly ShardPlan[];
  readonly findings: readonly Finding[];
  /** Reserved slices that stay so, and the new ones. @default none */
  readonly reserves?: readonly KeptReserve[];
  /** Slice at risk → the reserved slice that is to take over from it. @default none */
  readonly reserveFor?: Readonly<Record<string, string>>;
}
