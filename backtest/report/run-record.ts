import type { FleetAction, Move } from '../../core/capacity/plan.ts';
import type { Forecast } from '../../core/forecast/forecast.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';

/**
 * What one backtest run leaves behind (`<out>/run.json.gz`): the report is drawn from it and `explain` reads it.
 * Series have one value per `step` from `start`; index i covers [start + i·step, start + (i+1)·step).
 */
export interface RunRecord {
  readonly version: 1;
  readonly title: string;
  /** True when the load was generated, not measured: the report says so. */
  readonly synthetic: boolean;
  readonly start: Seconds;
  readonly step: Seconds;
  readonly settings: Settings;
  readonly shards: readonly ShardRecord[];
  /** Instances per placement, summed over the fleet (a slice counts by its share). */
  readonly fleet: {
    readonly active: number[];
    readonly activating: number[];
    readonly draining: number[];
    readonly ready: number[];
    readonly starting: number[];
    readonly stopped: number[];
    readonly readyTarget: number[];
    /** $ spent in each step. */
    readonly cost: number[];
  };
  /** Of the run itself, exact: running instance-hours with stopped ones at their share, $, unmet over total load. */
  readonly totals: { readonly hours: number; readonly cost: number; readonly unmet: number };
  readonly moves: readonly MoveRecord[];
  readonly actions: readonly ActionRecord[];
  readonly interruptions: readonly InterruptionRecord[];
  readonly comparison: Comparison;
  readonly notes: readonly string[];
}

export interface ShardRecord {
  readonly name: string;
  readonly load: number[];
  /** Made one lead time before: 0.1, 0.5, 0.9 quantile for this step. */
  readonly q10: number[];
  readonly q50: number[];
  readonly q90: number[];
  /** 0.01 and 0.99 quantile. @default not recorded */
  readonly q01?: number[];
  readonly q99?: number[];
  /** Load of one minute of each step: forecasts are of minutes, means are calmer. @default not recorded: `load` is it */
  readonly minute?: number[];
  /** How often those forecasts held, minute by minute. @default not recorded */
  readonly coverage?: Coverage;
  /** What carried and moved its forecasts, whenever that changed. @default not recorded */
  readonly said?: readonly ForecastNote[];
  /** Capacity in service (the shard's unit), time-averaged over the step. */
  readonly capacity: number[];
  readonly unmet: number[];
  /** Mean queueing delay (s). */
  readonly delay: number[];
}

/** Minutes whose load lay outside of quantiles that were made one lead time before. */
export interface Coverage {
  readonly minutes: number;
  readonly below10: number;
  readonly above90: number;
  readonly above99: number;
}

/** What a forecast said of itself. */
export type ForecastNote = Pick<Forecast, 'at' | 'method' | 'moved' | 'unusual'>;

export interface MoveRecord {
  readonly at: Seconds;
  readonly move: Move;
  readonly outcome: 'done' | 'failed' | 'lost-claim' | 'open';
  readonly doneAt?: Seconds;
}

export interface ActionRecord {
  readonly at: Seconds;
  readonly action: FleetAction;
}

export interface InterruptionRecord {
  readonly instance: string;
  readonly zone: string;
  readonly rebalanceAt?: Seconds;
  readonly noticeAt?: Seconds;
  readonly goneAt: Seconds;
  readonly shards: readonly string[];
  /** Slices of it that its shards could do without when it was gone: replaced in time, or not needed. */
  readonly absorbed: number;
  readonly slices: number;
}

/** One policy's result on the same load, same model. */
export interface PolicyResult {
  readonly policy: string;
  /** Running instance-hours, stopped ones at their share. */
  readonly hours: number;
  readonly cost: number;
  /** Unmet over total load, all shards. */
  readonly unmet: number;
  /** Its knobs in words, e.g. `target 70 %, warm pool 5`. */
  readonly knobs: string;
  /** Its Pareto front as far as it was looked at, by rising unmet share. */
  readonly front: readonly { readonly unmet: number; readonly hours: number }[];
}

export interface Comparison {
  readonly ours: PolicyResult;
  readonly peers: readonly PolicyResult[];
  /** Hours that each peer needs at our unmet load, interpolated on its Pareto front; absent when it never gets there. */
  readonly atOurUnmet: readonly { readonly policy: string; readonly hours?: number }[];
  /** One plain sentence: what was saved or not. */
  readonly sentence: string;
}
