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
  /** Slots of the shard that it leaves, where that has state to copy. */
  readonly slots?: number;
  /** Slots of the shard that it enters, where that has state to copy: those that nobody holds it gets at once. */
  readonly entersSlots?: number;
  /** Slots that are not handed over by then stay, and the slice with them. The times below are without it. */
  readonly handOverBy?: Seconds;
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

/** Seconds that the slots of a slice may take to others, before it drains. */
const MOST_HAND_OVER: Seconds = 30 * MINUTE;

/** The times of a drain and what comes after it. */
export type MoveTimes = Pick<MoveInput, 'drainedAt' | 'drainedStamp' | 'drainBy' | 'healthyBy'>;

/** They are counted from the plan; where slots had to be handed over first, from the beginning of the drain. */
export function timesFrom(input: MoveInput, drainBegan: Seconds): MoveTimes {
  const { drainedAt, drainedStamp, drainBy, healthyBy, plannedAt } = input;
  const later = input.slots === undefined ? 0 : Math.max(0, drainBegan - plannedAt);
  if (later === 0) return { drainedAt, drainedStamp, drainBy, healthyBy };
  const at = drainedAt + later;
  const stamp = formatStamp(Math.ceil(at));
  return { drainedAt: at, drainedStamp: stamp, drainBy: drainBy + later, healthyBy: healthyBy + later };
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
  const leftSlots = slotsOf(move.from, settings);
  const entersSlots = slotsOf(move.to, settings);
  const handOver = leftSlots !== undefined && { slots: leftSlots, handOverBy: at + MOST_HAND_OVER };
  const healthyBy = drainBy + 4 * activate.seconds + MINUTE;
  return {
    move,
    version,
    holder: `move/${move.id}`,
    plannedAt: at,
    ...handOver,
    ...(entersSlots !== undefined && { entersSlots }),
    drainedAt,
    drainedStamp: formatStamp(Math.ceil(drainedAt)),
    drainBy,
    healthyBy,
    holdUntil: (handOver ? MOST_HAND_OVER : 0) + healthyBy + 2 * drain.seconds + 2 * MINUTE,
    leaves,
  };
}

/** Slots of the shard that a slice serves there; undefined where it serves none, or one without state to copy. */
function slotsOf(place: Move['from'] | Move['to'], { shards }: Settings): number | undefined {
  const served = place.kind === 'active' ? place.shard : undefined;
  const handOver = shards.find(({ name }) => name === served)?.handOver;
  return handOver?.state === 'copy' ? handOver.slots.count : undefined;
}
