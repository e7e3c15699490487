import { BEFORE_SWITCH, isOver } from '../core/hand-over/record.ts';
import type { Ports, TargetHealth } from '../core/ports.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { event } from './events.ts';
import { giveFreeSlots } from './give-slots.ts';
import { type MoveInput, type MoveTimes, timesFrom } from './move-input.ts';
import {
  activate,
  claimSlice,
  commit,
  drainState,
  forget,
  leaveShard,
  register,
  SliceLost,
  startDrain,
} from './move-steps.ts';
import { type Left, stepBack } from './way-back.ts';

/**
 * The states of a move, as the machine `move` calls them one by one and `runMove` in a row. Each may be repeated and
 * killed half-way. What may be expected (claim lost, not drained or not healthy in time, a hook that fails) is in the
 * result; what is thrown is unexpected and leads to {@link undoMove} too.
 */

export type Claimed =
  | { readonly outcome: 'lost-claim' }
  /** The times of what follows, from the beginning of the drain. */
  | { readonly outcome: 'draining' | 'claimed'; readonly times: MoveTimes }
  /** It holds slots: they are handed over first, and then it is claimed once more. */
  | { readonly outcome: 'hands-over' }
  /** Nothing was touched, and it is not to be tried now. */
  | { readonly outcome: 'failed'; readonly step: string; readonly error: string };

/** Takes hold of the slice and, where it serves, out of its shard. */
export async function claimMove(ports: Ports, input: MoveInput): Promise<Claimed> {
  if (!(await claimSlice(ports, input))) return { outcome: 'lost-claim' };
  const { slice, from } = input.move;
  const taking = await takesOver(ports, slice);
  if (taking !== undefined) {
    await ports.store.release(slice, input.holder);
    return { outcome: 'failed', step: 'claim', error: `slice ${slice} takes over in hand-over ${taking}` };
  }
  if (from.kind !== 'active') return { outcome: 'claimed', times: timesFrom(input, input.plannedAt) };
  if (await holdsSlots(ports, input, from.shard)) return { outcome: 'hands-over' };
  await startDrain(ports, input);
  // A repeat finds when the drain began.
  const began = input.slots === undefined ? undefined : (await ports.store.get(slice))?.placement.since;
  return { outcome: 'draining', times: timesFrom(input, began ?? input.plannedAt) };
}

/**
 * The hand-over that the slice is to take over in, if it must. A copy that is only kept fresh, in case Spot takes the
 * source, is worth less than what the plan wants of the slice: it ends.
 */
async function takesOver({ handOvers }: Ports, slice: string): Promise<string | undefined> {
  const handOver = await handOvers.of(slice);
  if (handOver === undefined || isOver(handOver)) return undefined;
  const { source, id } = handOver;
  if (handOver.go) return id;
  const change = { phase: 'failed', error: `${slice} was given to another` } as const;
  const now = await handOvers.advance(source, id, change, BEFORE_SWITCH);
  return now !== undefined && !isOver(now) ? id : undefined;
}

async function holdsSlots(ports: Ports, { move, slots }: MoveInput, shard: string): Promise<boolean> {
  if (slots === undefined) return false;
  // A repeat finds it draining: it held nothing then, and nobody gives slots to a slice that leaves.
  if ((await ports.store.get(move.slice))?.placement.kind !== 'active') return false;
  return (await ports.slots.read(shard, slots)).some(({ holder }) => holder === move.slice);
}

export type Activated =
  | { readonly outcome: 'activated' }
  /** Not `unused` yet, and there is time left. */
  | { readonly outcome: 'again' }
  | { readonly outcome: 'failed'; readonly step: string; readonly error: string };

/**
 * From drained to registered where it is to serve.
 * @param seen what was seen where the slice served; without `unused` from there it looks itself
 */
export async function activateMove(
  ports: Ports,
  input: MoveInput,
  seen?: TargetHealth | 'unknown',
): Promise<Activated> {
  const { move, drainBy, leaves } = input;
  const failed = (step: string, error: string) => ({ outcome: 'failed', step, error }) as const;
  if (move.from.kind === 'active') {
    const health = seen === 'unused' ? seen : await drainState(ports, input);
    if (health !== 'unused') {
      if (ports.clock.now() < drainBy) return { outcome: 'again' };
      return failed('drain', notIn(move.slice, health, drainBy, 'unused'));
    }
  }
  if (leaves) return { outcome: 'activated' };
  if (move.from.kind === 'active' && !(await hasLeft(ports, input))) {
    const left = await leaveShard(ports, input);
    if (!left.ok) return failed('leave', left.error);
  }
  const entered = await activate(ports, input);
  if (!entered.ok) return failed('activate', entered.error);
  await register(ports, input);
  return { outcome: 'activated' };
}

/** Whether an earlier try has left the old shard behind: its hook must not run where the new shard is set up. */
async function hasLeft({ store }: Ports, { move, holder }: MoveInput): Promise<boolean> {
  const seen = await store.get(move.slice);
  if (seen?.holder !== holder)
    throw new SliceLost(`slice ${move.slice}: ${holder} lost it to ${seen?.holder ?? 'nobody'}`);
  return seen.placement.kind === 'activating';
}

/**
 * Writes where the slice has arrived and lets go of it; one that leaves with its instance is forgotten. Slots of its new
 * shard that nobody holds it gets at once.
 */
export async function commitMove(ports: Ports, input: MoveInput): Promise<void> {
  if (input.leaves) return forget(ports, input);
  await commit(ports, input);
  const { to, slice } = input.move;
  if (to.kind === 'active' && input.entersSlots !== undefined)
    await giveFreeSlots(ports, to.shard, input.entersSlots, slice);
}

export async function publishMoved(ports: Ports, { move }: MoveInput): Promise<void> {
  const { id, slice, from, to } = move;
  await ports.events.publish([event('SliceMoved', ports.clock.now(), { move: id, slice, from, to })]);
}

/** Why a move goes the way back. */
export interface MoveFailure {
  readonly step: string;
  readonly error: string;
  /** What was seen last where it was to serve, if it came that far. */
  readonly health?: TargetHealth | 'unknown';
}

/** It runs, it is registered, and it does not get well: another try would end the same way. */
export async function retireUnwell(
  ports: Ports,
  slice: string,
  health: MoveFailure['health'],
): Promise<void> {
  if (health === undefined || health === 'unused' || health === 'unknown') return;
  await ports.fleet.retire(parseSliceId(slice).instance, 'unhealthy');
}

export type Undone =
  /** Where it drains; look again when it is `unused`. */
  | { readonly outcome: 'draining'; readonly shard: string }
  | ({ readonly outcome: 'failed'; readonly left: Left | 'unknown' } & MoveFailure);

/**
 * One step of the way back. At its end, which is at `holdUntil` at the latest, the slice is let go of and
 * MoveFailed published; what is still draining then, reconciliation goes on with.
 */
export async function undoMove(ports: Ports, input: MoveInput, failure: MoveFailure): Promise<Undone> {
  const { move, holder, holdUntil } = input;
  await retireUnwell(ports, move.slice, failure.health);
  const { left, shard } = await stepBack(ports, move.slice, holder);
  if (left === 'draining') {
    if (shard !== undefined && ports.clock.now() < holdUntil) return { outcome: 'draining', shard };
    await ports.store.release(move.slice, holder);
  }
  return giveUp(ports, input, failure, left);
}

/** The way back fails too: the slice is let go of as it is, and reconciliation takes it home. */
export async function letGo(ports: Ports, input: MoveInput, failure: MoveFailure): Promise<Undone> {
  await ports.store.release(input.move.slice, input.holder);
  return giveUp(ports, input, failure, 'unknown');
}

/** Publishes that a move failed, and where it left its slice. */
export async function giveUp(
  ports: Ports,
  { move }: MoveInput,
  failure: MoveFailure,
  left: Left | 'unknown',
): Promise<Undone & { readonly outcome: 'failed' }> {
  const { step, error } = failure;
  await ports.events.publish([
    event('MoveFailed', ports.clock.now(), { move: move.id, slice: move.slice, step, error, left }),
  ]);
  return { outcome: 'failed', ...failure, left };
}

export const notIn = (slice: string, seen: string, at: number, wanted: TargetHealth) =>
  `slice ${slice} is ${seen} at ${at}, not ${wanted}`;
