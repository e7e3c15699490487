import type { Event } from '../core/ports.ts';
import type { Seconds } from '../core/time.ts';

/** Every event that the flows publish, with its detail. One vocabulary for code, bus and documentation. */
export interface EventDetails {
  readonly PlanMade: {
    readonly moves: number;
    readonly actions: number;
    readonly refused: number;
    readonly failed: number;
    readonly findings: readonly unknown[];
  };
  readonly MoveDone: {
    readonly move: string;
    readonly slice: string;
    readonly from: unknown;
    readonly to: unknown;
  };
  readonly MoveFailed: {
    readonly move: string;
    readonly slice: string;
    readonly step: string;
    readonly error: string;
    readonly left: string;
  };
  readonly RebalanceRecommended: { readonly instance: string; readonly shards: readonly string[] };
  readonly InterruptionNoticed: {
    readonly instance: string;
    readonly deadline: Seconds;
    readonly shards: readonly string[];
  };
  readonly InstanceEvacuated: {
    readonly instance: string;
    readonly slices: number;
    readonly late: readonly string[];
  };
  readonly DriftCorrected: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly recovered: readonly string[];
    readonly evicted: readonly string[];
    readonly retired: readonly string[];
  };
  readonly StandbyActivated: { readonly shard: string; readonly instance: string };
  readonly StandbyFailed: { readonly shard: string; readonly instance: string; readonly error: string };
}

/** An event of the vocabulary, ready to publish. */
export function event<T extends keyof EventDetails>(type: T, at: Seconds, detail: EventDetails[T]): Event {
  return { type, at, detail };
}
