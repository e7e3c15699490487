import type { Move } from '../core/capacity/plan.ts';
import type { Settings } from '../core/settings/schema.ts';
import { formatStamp } from '../core/settings/stamp.ts';
import { MINUTE, type Seconds } from '../core/time.ts';

/**
 * What a `move` workflow carries from step to step. All deadlines are absolute, so that a retried or late step does
 * not begin them again.
 */
export interface MoveInput {
  readonly move: Move;
  /** Version of the slice that the plan saw: the claim is on it. */
  readonly version: number;
  /** Name of the workflow that holds the slice; the same for every retry. */
  readonly holder: string;
  /** The tick that planned it; its record is filed under it. */
  readonly plannedAt: Seconds;
  /** When the drain is usually over: no need to look before. */
  readonly drainedAt: Seconds;
  /** The same as an ISO 8601 stamp, rounded up: what a state machine can wait for. */
  readonly drainedStamp: string;
  /** A slice that is not `unused` by then has failed to drain. */
  readonly drainBy: Seconds;
  /** A slice that is not healthy by then has failed. */
  readonly healthyBy: Seconds;
  /** The hold ends then, whatever became of the workflow; the way back included. */
  readonly holdUntil: Seconds;
  /** The whole instance is released by the same plan: once drained, the slice is gone with it. */
  readonly leaves: boolean;
}

/** Everything that a move planned at `at` needs, with its deadlines. */
export function moveInput(
  move: Move,
  version: number,
  at: Seconds,
  settings: Settings,
  leaves = false,
): MoveInput {
  const { drain, activate } = settings.fleet.leadTimes;
  const drains = move.from.kind === 'active';
  const drainedAt = drains ? at + drain.seconds : at;
  // Twice the usual time and a minute: a spread of 1 stays inside, and a slice that hangs is known before the next cold launch.
  const drainBy = drains ? at + 2 * drain.seconds + MINUTE : at;
  const healthyBy = drainBy + 4 * activate.seconds + MINUTE;
  return {
    move,
    version,
    holder: `move/${move.id}`,
    plannedAt: at,
    drainedAt,
    drainedStamp: formatStamp(Math.ceil(drainedAt)),
    drainBy,
    healthyBy,
    holdUntil: healthyBy + 2 * drain.seconds + 2 * MINUTE,
    leaves,
  };
}
