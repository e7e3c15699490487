import { messageOf } from '../core/failure.ts';
import type { Ports, TargetHealth } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Seconds } from '../core/time.ts';
import { handOverSlots, type SlotsMoving } from './hand-over-slots.ts';
import type { MoveInput } from './move-input.ts';
import {
  activateMove,
  claimMove,
  commitMove,
  giveUp,
  type MoveFailure,
  notIn,
  publishMoved,
  type Undone,
  undoMove,
} from './move-states.ts';
import { drainState, serveState } from './move-steps.ts';
import { until } from './poll.ts';
import type { Left } from './way-back.ts';

export type MoveResult =
  | { readonly outcome: 'done'; readonly at: Seconds }
  /** Nothing was touched. */
  | { readonly outcome: 'lost-claim' }
  | {
      readonly outcome: 'failed';
      readonly step: string;
      readonly error: string;
      /** `unknown`: the way back failed too; the hold expires and reconciliation finishes it. */
      readonly left: Left | 'unknown';
    };

/** A step did not do what it should; nothing is wrong with the program. */
class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly failure: MoveFailure;
  constructor(failure: MoveFailure) {
    super(failure.error);
    this.failure = failure;
  }
}

/**
 * Carries out one move from claim to commit, with the clock, and says what became of it: the machine `move` in one
 * process, state by state (move-states.ts). Where a step fails, the slice goes the way back.
 * @param settings needed where the slice may hold slots of its shard
 * @throws only what publishing the outcome throws.
 */
export async function runMove(ports: Ports, planned: MoveInput, settings?: Settings): Promise<MoveResult> {
  let step = 'claim';
  let input = planned;
  try {
    let claimed = await claimMove(ports, input);
    while (claimed.outcome === 'hands-over') {
      step = 'hand-over';
      await handOver(ports, input, settings);
      claimed = await claimMove(ports, input);
    }
    if (claimed.outcome === 'lost-claim') return { outcome: 'lost-claim' };
    if (claimed.outcome === 'failed') throw new StepFailed(claimed);
    input = { ...planned, ...claimed.times };
    step = 'drain';
    if (claimed.outcome === 'draining')
      await reaches(ports, input, 'unused', [input.drainedAt, input.drainBy]);
    step = 'activate';
    const activated = await activateMove(ports, input, 'unused');
    if (activated.outcome === 'failed') throw new StepFailed(activated);
    step = 'health';
    if (input.move.to.kind === 'active')
      await reaches(ports, input, 'healthy', [ports.clock.now(), input.healthyBy]);
    step = 'commit';
    await commitMove(ports, input);
  } catch (error) {
    const failure = error instanceof StepFailed ? error.failure : { step, error: messageOf(error) };
    return goBack(ports, input, failure);
  }
  const at = ports.clock.now();
  await publishMoved(ports, input);
  return { outcome: 'done', at };
}

/** Until the slice holds no slots any more. */
async function handOver(ports: Ports, input: MoveInput, settings: Settings | undefined): Promise<void> {
  if (settings === undefined) throw new TypeError('settings: expected those of the service, got none');
  let moving: SlotsMoving | undefined;
  for (;;) {
    const moved = await handOverSlots({ ports, settings, switched: {} }, input, moving);
    if (moved.outcome === 'handed-over') return;
    if (moved.outcome === 'failed') throw new StepFailed(moved);
    moving = moved.moving;
    await ports.clock.sleepUntil(moved.lookAt);
  }
}

/** Waits; the deadlines are absolute, and a drain is not looked for before it is usually over. */
async function reaches(
  ports: Ports,
  input: MoveInput,
  wanted: 'unused' | 'healthy',
  [first, deadline]: readonly [Seconds, Seconds],
): Promise<void> {
  let seen: TargetHealth | 'unknown' = 'unknown';
  const yes = await until(ports.clock, deadline, first, async () => {
    seen = await (wanted === 'unused' ? drainState : serveState)(ports, input);
    return seen === wanted;
  });
  if (yes) return;
  const error = notIn(input.move.slice, seen, deadline, wanted);
  throw new StepFailed(
    wanted === 'unused' ? { step: 'drain', error } : { step: 'health', error, health: seen },
  );
}

async function goBack(ports: Ports, input: MoveInput, failure: MoveFailure): Promise<MoveResult> {
  let undone: Undone | undefined;
  try {
    await until(ports.clock, input.holdUntil, ports.clock.now(), async () => {
      undone = await undoMove(ports, input, failure);
      return undone.outcome === 'failed';
    });
  } catch (again) {
    const error = `${failure.error}; way back: ${messageOf(again)}`;
    undone = await giveUp(ports, input, { step: failure.step, error }, 'unknown');
  }
  // At `holdUntil` the way back gives up by itself.
  const { step, error, left } = undone as Undone & { outcome: 'failed' };
  return { outcome: 'failed', step, error, left };
}
