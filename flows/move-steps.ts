import type { HostResult, Ports, TargetHealth } from '../core/ports.ts';
import { ownerOf, type Placement } from '../core/shards/placement.ts';
import type { MoveInput } from './move-input.ts';

/**
 * The steps of a move, each idempotent; the states of the machine (move-states.ts) are made of them:
 * `claimSlice` → `startDrain` → (until {@link drainState} is `unused`) → `leaveShard` → `activate` → `register` →
 * (until {@link serveState} is `healthy`) → `commit`; `stepBack` (way-back.ts) from anywhere after the claim.
 *
 * Invariant: at every point between two calls the slice has one owner, and is registered for no other shard.
 */

/** Thrown by a step that finds the slice gone or held by another: the workflow has lost it and must touch nothing. */
export class SliceLost extends Error {
  override readonly name = 'SliceLost';
}

type Step<T = void> = (ports: Ports, input: MoveInput) => Promise<T>;

/** Takes hold of the slice. False: somebody else was first, or it has changed since the plan; drop the move. */
export const claimSlice: Step<boolean> = async (ports, { move, version, holder, holdUntil }) =>
  (await ports.store.claim(move.slice, version, holder, holdUntil)).ok;

/** Takes the slice out of the shard that it serves; nothing to do where it serves none. */
export const startDrain: Step = async (ports, input) => {
  const { from, to, slice } = input.move;
  if (from.kind !== 'active') return;
  await put(ports, input, {
    kind: 'draining',
    since: ports.clock.now(),
    shard: from.shard,
    ...(to.kind === 'active' ? { to: to.shard } : {}),
  });
  await ports.loadBalancer.deregister(from.shard, slice);
};

/** Health where the slice served: it has drained at `unused`. */
export const drainState: Step<TargetHealth> = async (ports, { move }) =>
  move.from.kind === 'active' ? ports.loadBalancer.health(move.from.shard, move.slice) : 'unused';

/** Clears the environment of the shard that the slice served. */
export const leaveShard: Step<HostResult> = async (ports, { move }) =>
  move.from.kind === 'active'
    ? ports.hosts.run(move.slice, { kind: 'deactivate', shard: move.from.shard })
    : { ok: true };

/** The slice's instance is released with it: nothing is left to clear or to offer. */
export const forget: Step = (ports, { move }) => ports.store.remove(move.slice);

/** Prepares the slice for its new shard, before any traffic: an ALB also sends to unhealthy targets. */
export const activate: Step<HostResult> = async (ports, input) => {
  const { from, to, slice } = input.move;
  if (to.kind !== 'active') return { ok: true };
  const since = ports.clock.now();
  // A reservation for another shard has to be given up first: `reserved` never changes its shard.
  if (from.kind === 'reserved' && from.shard !== to.shard) {
    const seen = await ports.store.get(slice);
    if (seen?.placement.kind === 'reserved') await put(ports, input, { kind: 'ready', since });
  }
  await put(ports, input, { kind: 'activating', since, shard: to.shard });
  return ports.hosts.run(slice, { kind: 'activate', shard: to.shard });
};

export const register: Step = async (ports, input) => {
  const { to, slice } = input.move;
  if (to.kind !== 'active') return;
  // Writes nothing, but fails where the slice has been lost while the host was busy.
  await put(ports, input, { kind: 'activating', since: ports.clock.now(), shard: to.shard });
  await ports.loadBalancer.register(to.shard, slice);
};

/** Health where the slice is to serve. */
export const serveState: Step<TargetHealth> = async (ports, { move }) =>
  move.to.kind === 'active' ? ports.loadBalancer.health(move.to.shard, move.slice) : 'healthy';

/** Writes where the slice has arrived and lets go of it. */
export const commit: Step = async (ports, input) => {
  const { from, to, slice } = input.move;
  const since = ports.clock.now();
  const seen = await ports.store.get(slice);
  // A repeat after the release finds its own work done.
  if (seen !== undefined && seen.holder === undefined && sameAs(seen.placement, to)) return;
  if (to.kind !== 'reserved') await put(ports, input, { ...to, since });
  else {
    // Only a ready slice can be reserved.
    if (from.kind !== 'ready') await put(ports, input, { kind: 'ready', since });
    await put(ports, input, { ...to, since });
  }
  await ports.store.release(slice, input.holder);
};

const sameAs = (placement: Placement, to: MoveInput['move']['to']) =>
  placement.kind === to.kind && ownerOf(placement) === (to.kind === 'ready' ? undefined : to.shard);

/** Writes the next placement, as the holder. @throws {SliceLost} */
async function put(ports: Ports, { move, holder }: MoveInput, placement: Placement): Promise<void> {
  const written = await ports.store.put(move.slice, holder, placement);
  if (written.ok) return;
  const why = written.seen === undefined ? 'it is gone' : `held by ${written.seen.holder ?? 'nobody'}`;
  throw new SliceLost(`slice ${move.slice}: ${holder} cannot write ${placement.kind}: ${why}`);
}
