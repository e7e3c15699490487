import type { HandOver } from '../core/hand-over/record.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import { isHeld } from '../core/shards/held.ts';
import type { Seconds } from '../core/time.ts';
import { SliceLost } from './move-steps.ts';

/**
 * The target's half in the store: `reserved` or `ready` → claimed → `activating` (registered) → `active`. A target that
 * serves the shard already is not touched.
 */

type Of = Pick<HandOver, 'id' | 'shard' | 'target'>;

/** Who holds the target in the store; the same for every step. */
export const holderOf = ({ id }: Pick<HandOver, 'id'>) => `hand-over/${id}`;

const serves = ({ placement }: StoredSlice, shard: string) =>
  placement.kind === 'active' && placement.shard === shard;

/** A move brings it into the shard already. */
export const isComing = ({ placement, holder }: StoredSlice, handOver: Pick<HandOver, 'id'>, shard: string) =>
  placement.kind === 'activating' &&
  placement.shard === shard &&
  holder !== undefined &&
  holder !== holderOf(handOver);

/** `held`: by another workflow just now. `taken`: gone, or another's, or on its way elsewhere. */
export type TargetClaim = 'claimed' | 'held' | 'taken';

/** Takes hold of the target, until `until`. A repeat is `claimed` again. */
export async function claimTarget(ports: Ports, handOver: Of, until: Seconds): Promise<TargetClaim> {
  const { shard, target } = handOver;
  const holder = holderOf(handOver);
  const seen = await ports.store.get(target);
  if (seen === undefined) return 'taken';
  if (seen.holder === holder) return 'claimed';
  if (isComing(seen, handOver, shard)) return 'claimed';
  if (isHeld(seen, ports.clock.now())) return 'held';
  const { placement } = seen;
  if (serves(seen, shard)) return 'claimed';
  const ours =
    placement.kind === 'ready' ||
    (placement.kind === 'reserved' && (placement.shard === shard || !!placement.also?.includes(shard)));
  if (!ours) return 'taken';
  return (await ports.store.claim(target, seen.version, holder, until)).ok ? 'claimed' : 'held';
}

/** Others hold a slice for the time of a few writes: to prolong a reservation, or to see that they may not have it. */
const CLAIM_TRIES = 4;
const CLAIM_PAUSE: Seconds = 0.5;

/** Takes hold of the target, though another workflow may have it just now. */
export async function claimSoon(ports: Ports, handOver: Of, until: Seconds): Promise<boolean> {
  for (let i = 1; ; i += 1) {
    const claimed = await claimTarget(ports, handOver, until);
    if (claimed !== 'held' || i === CLAIM_TRIES) return claimed === 'claimed';
    await ports.clock.sleepUntil(ports.clock.now() + CLAIM_PAUSE);
  }
}

/** Lets traffic come: written first, registered then. A repeat changes nothing. @throws {SliceLost} */
export async function registerTarget(ports: Ports, handOver: Of): Promise<void> {
  const { store, loadBalancer, clock } = ports;
  const { shard, target } = handOver;
  const seen = await store.get(target);
  if (seen !== undefined && (serves(seen, shard) || isComing(seen, handOver, shard))) return;
  const since = clock.now();
  // A reservation that was shared is given up first: `reserved` never changes its shard.
  if (seen?.placement.kind === 'reserved' && seen.placement.shard !== shard)
    await put(ports, handOver, { kind: 'ready', since });
  await put(ports, handOver, { kind: 'activating', since, shard });
  await loadBalancer.register(shard, target);
}

/** It serves: written, and let go of. @throws {SliceLost} */
export async function commitTarget(ports: Ports, handOver: Of): Promise<void> {
  const seen = await ports.store.get(handOver.target);
  if (seen !== undefined && seen.holder !== holderOf(handOver) && serves(seen, handOver.shard)) return;
  await put(ports, handOver, { kind: 'active', since: ports.clock.now(), shard: handOver.shard });
  await ports.store.release(handOver.target, holderOf(handOver));
}

/**
 * The hand-over has failed. What was only held stays reserved or ready; what was being activated, and its host's
 * environment, reconciliation takes home.
 */
export const letTargetGo = (ports: Ports, handOver: Of): Promise<void> =>
  ports.store.release(handOver.target, holderOf(handOver));

async function put(ports: Ports, handOver: Of, placement: StoredSlice['placement']): Promise<void> {
  const holder = holderOf(handOver);
  const written = await ports.store.put(handOver.target, holder, placement);
  if (written.ok) return;
  const why = written.seen === undefined ? 'it is gone' : `held by ${written.seen.holder ?? 'nobody'}`;
  throw new SliceLost(`slice ${handOver.target}: ${holder} cannot write ${placement.kind}: ${why}`);
}
