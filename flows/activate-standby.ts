import type { Reason } from '../core/capacity/plan.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { formatStamp } from '../core/settings/stamp.ts';
import { sliceIdsOf } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { type MoveResult, runMove } from './move.ts';
import { type MoveInput, moveInput } from './move-input.ts';
import { LOOK_EVERY, until } from './poll.ts';
import { instanceArrived } from './reconcile.ts';

export interface StandbyInput {
  readonly instance: string;
  readonly shard: string;
  readonly reason: Reason;
  /** When it was planned. */
  readonly at: Seconds;
  /** Key of the fleet action, the same for every retry. */
  readonly key: string;
  /** An instance that does not run by then has failed to wake. */
  readonly awakeBy: Seconds;
}

export type StandbyResult =
  | { readonly outcome: 'done'; readonly moves: readonly MoveResult[] }
  | { readonly outcome: 'asleep'; readonly error: string };

export function standbyInput(
  wake: { readonly instance: string; readonly shard: string; readonly reason: Reason },
  at: Seconds,
  settings: Settings,
): StandbyInput {
  const { instance, shard, reason } = wake;
  const awakeBy = at + 2 * settings.fleet.leadTimes.standby.seconds + MINUTE;
  return { instance, shard, reason, at, key: `wake/${instance}/${at}`, awakeBy };
}

export type Waking =
  | { readonly outcome: 'awake' }
  /** Look again then. */
  | { readonly outcome: 'waking'; readonly lookAt: Seconds; readonly lookStamp: string }
  | { readonly outcome: 'asleep'; readonly error: string };

/**
 * Starts the instance, or goes on with starting it, and looks whether it runs. At `awakeBy` it has failed, and
 * StandbyFailed is published; the instance stands by as before, and the next plan may wake it again.
 */
export async function wakeInstance(ports: Ports, settings: Settings, input: StandbyInput): Promise<Waking> {
  const { instance, shard, reason, key, awakeBy } = input;
  await ports.fleet.apply({ kind: 'wake', instance, shard, reason }, key);
  const awake = (await ports.fleet.list()).some(({ id, state }) => id === instance && state === 'running');
  if (awake) return { outcome: 'awake' };
  const now = ports.clock.now();
  if (now >= awakeBy)
    return giveUpStandby(ports, input, `standby instance ${instance} does not run at ${awakeBy}`);
  const usual = input.at + settings.fleet.leadTimes.standby.seconds;
  const lookAt = Math.min(awakeBy, usual > now ? usual : now + LOOK_EVERY);
  return { outcome: 'waking', lookAt, lookStamp: formatStamp(Math.ceil(lookAt)) };
}

/** Says that it failed. There is nothing to undo: an instance that runs is found by reconciliation. */
export async function giveUpStandby(
  ports: Ports,
  { shard, instance }: StandbyInput,
  error: string,
): Promise<Waking & { readonly outcome: 'asleep' }> {
  await ports.events.publish([event('StandbyFailed', ports.clock.now(), { shard, instance, error })]);
  return { outcome: 'asleep', error };
}

/**
 * It runs: its slices are ready, and these are the moves that bring them into their shard. Ids are the same for every
 * retry. A slice that the plan has given to a shard already is left out: then its claim is the one that counts.
 */
export async function standbyMoves(
  ports: Ports,
  settings: Settings,
  { instance, shard, reason, key }: StandbyInput,
): Promise<readonly MoveInput[]> {
  await instanceArrived(ports, settings, instance);
  const inputs = await Promise.all(
    sliceIdsOf(instance, settings).map(async (slice) => {
      const seen = await ports.store.get(slice);
      if (seen?.placement.kind !== 'ready') return [];
      const to = { kind: 'active', shard } as const;
      const move = { id: `${key}/${slice}`, slice, from: { kind: 'ready' }, to, reason } as const;
      return [moveInput(move, seen.version, ports.clock.now(), settings)];
    }),
  );
  return inputs.flat();
}

export async function publishActivated(ports: Ports, { shard, instance }: StandbyInput): Promise<void> {
  await ports.events.publish([event('StandbyActivated', ports.clock.now(), { shard, instance })]);
}

/**
 * Starts a powered-down standby instance and moves its slices into their shard: the machine `activate-standby` in one
 * process, state by state.
 */
export async function activateStandby(
  ports: Ports,
  settings: Settings,
  input: StandbyInput,
): Promise<StandbyResult> {
  let waking: Waking = { outcome: 'asleep', error: '' };
  const first = ports.clock.now() + settings.fleet.leadTimes.standby.seconds;
  await until(ports.clock, input.awakeBy, first, async () => {
    waking = await wakeInstance(ports, settings, input);
    return waking.outcome !== 'waking';
  });
  if (waking.outcome === 'asleep') return waking;
  const inputs = await standbyMoves(ports, settings, input);
  const moves = await Promise.all(inputs.map((move) => runMove(ports, move, settings)));
  await publishActivated(ports, input);
  return { outcome: 'done', moves };
}
