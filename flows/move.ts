import type { HostResult, Ports, TargetHealth } from '../core/ports.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { messageOf } from './failure.ts';
import type { MoveInput } from './move-input.ts';
import {
  activate,
  claimSlice,
  commit,
  drainState,
  forget,
  leaveShard,
  register,
  serveState,
  startDrain,
} from './move-steps.ts';
import { until } from './poll.ts';
import { type Left, wayBack } from './way-back.ts';

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
}

/**
 * Carries out one move from claim to commit, with the clock, and says what became of it. Where a step fails, the
 * slice goes the way back. @throws only what publishing the outcome throws.
 */
export async function runMove(ports: Ports, input: MoveInput): Promise<MoveResult> {
  const result = await carryOut(ports, input);
  const { id: move, slice, from, to } = input.move;
  const at = ports.clock.now();
  if (result.outcome === 'done')
    await ports.events.publish([event('SliceMoved', at, { move, slice, from, to })]);
  else if (result.outcome === 'failed') {
    const { step, error, left } = result;
    await ports.events.publish([event('MoveFailed', at, { move, slice, step, error, left })]);
  }
  return result;
}

async function carryOut(ports: Ports, input: MoveInput): Promise<MoveResult> {
  const { clock } = ports;
  const { slice } = input.move;
  let step = 'claim';
  const run = <T>(name: string, work: (ports: Ports, input: MoveInput) => Promise<T>) => {
    step = name;
    return work(ports, input);
  };
  try {
    if (!(await run('claim', claimSlice))) return { outcome: 'lost-claim' };
    await run('drain', startDrain);
    await reaches('unused', [input.drainedAt, input.drainBy], () => run('drain', drainState));
    if (input.leaves) {
      await run('forget', forget);
      return { outcome: 'done', at: clock.now() };
    }
    succeeded(await run('leave', leaveShard));
    succeeded(await run('activate', activate));
    await run('register', register);
    await reaches('healthy', [clock.now(), input.healthyBy], () => run('health', serveState));
    await run('commit', commit);
    return { outcome: 'done', at: clock.now() };
  } catch (error) {
    return { outcome: 'failed', step, ...(await goBack(error)) };
  }

  /** The deadlines are absolute; a drain is not looked for before it is usually over. */
  async function reaches(
    wanted: TargetHealth,
    [first, deadline]: readonly [Seconds, Seconds],
    look: () => Promise<TargetHealth>,
  ): Promise<void> {
    let seen = 'unknown' as TargetHealth | 'unknown';
    const yes = await until(clock, deadline, first, async () => {
      seen = await look();
      return seen === wanted;
    });
    if (yes) return;
    // It runs, it is registered, and it does not get well: another try would end the same way.
    if (wanted === 'healthy' && seen !== 'unused')
      await ports.fleet.retire(parseSliceId(slice).instance, 'unhealthy');
    throw new StepFailed(`slice ${slice} is ${seen} at ${deadline}, not ${wanted}`);
  }

  async function goBack(error: unknown): Promise<{ error: string; left: Left | 'unknown' }> {
    const why = messageOf(error);
    try {
      const left = await wayBack(ports, slice, input.holder, input.holdUntil);
      return { error: why, left };
    } catch (again) {
      return { error: `${why}; way back: ${messageOf(again)}`, left: 'unknown' };
    }
  }
}

function succeeded(result: HostResult): void {
  if (!result.ok) throw new StepFailed(result.error);
}
