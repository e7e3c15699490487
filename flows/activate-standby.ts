import type { Reason } from '../core/capacity/plan.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { sliceIdsOf } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { type MoveResult, runMove } from './move.ts';
import { moveInput } from './move-input.ts';
import { until } from './poll.ts';
import { instanceArrived } from './reconcile.ts';

export interface StandbyInput {
  readonly instance: string;
  readonly shard: string;
  readonly reason: Reason;
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
  return { instance, shard, reason, key: `wake/${instance}/${at}`, awakeBy };
}

/** Starts a powered-down standby instance and moves its slices into their shard. */
export async function activateStandby(
  ports: Ports,
  settings: Settings,
  input: StandbyInput,
): Promise<StandbyResult> {
  const { instance, shard, reason, key, awakeBy } = input;
  await ports.fleet.apply({ kind: 'wake', instance, shard, reason }, key);
  const isAwake = async () =>
    (await ports.fleet.list()).some(({ id, state }) => id === instance && state === 'running');
  const { seconds } = settings.fleet.leadTimes.standby;
  const now = () => ports.clock.now();
  if (!(await until(ports.clock, awakeBy, now() + seconds, isAwake))) {
    const error = `standby instance ${instance} does not run at ${awakeBy}`;
    await ports.events.publish([event('StandbyFailed', now(), { shard, instance, error })]);
    return { outcome: 'asleep', error };
  }
  await instanceArrived(ports, settings, instance);
  const moves = await Promise.all(
    sliceIdsOf(instance, settings).map(async (slice): Promise<MoveResult> => {
      const seen = await ports.store.get(slice);
      // The plan may have given it to a shard already: then its claim is the one that counts.
      if (seen?.placement.kind !== 'ready') return { outcome: 'lost-claim' };
      const to = { kind: 'active', shard } as const;
      const move = { id: `${key}/${slice}`, slice, from: { kind: 'ready' }, to, reason } as const;
      return runMove(ports, moveInput(move, seen.version, now(), settings));
    }),
  );
  await ports.events.publish([event('StandbyActivated', now(), { shard, instance })]);
  return { outcome: 'done', moves };
}
