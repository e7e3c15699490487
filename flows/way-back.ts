import type { Ports } from '../core/ports.ts';
import { parseSliceId } from '../core/shards/slice.ts';

/** How a slice stands after one step towards `ready`. */
export type Homeward =
  | 'ready'
  /** Deregistered, not yet `unused`. */
  | 'draining'
  /** Its host cannot leave the shard's environment: the instance is retired, and the slice is in the store no more. */
  | 'stuck'
  /** Its instance has gone. */
  | 'gone'
  /** Another workflow has it. */
  | 'lost';

/**
 * Brings a held slice one step nearer to `ready`, from wherever a workflow left it: out of the load balancer first,
 * free of its shard only once `unused`. Does not wait and may be repeated; the caller lets go of the slice.
 * @param ends its instance leaves for good: once `unused` the slice is forgotten, and its host, which may not even
 * answer any more, is not asked to clear up
 */
export async function towardsReady(
  ports: Ports,
  slice: string,
  holder: string,
  ends = false,
): Promise<Homeward> {
  const { store, loadBalancer, hosts, fleet, clock } = ports;
  const seen = await store.get(slice);
  if (seen === undefined) return 'gone';
  if (seen.holder !== holder) return 'lost';
  const { placement } = seen;
  if (placement.kind === 'ready') return 'ready';
  const since = clock.now();
  const { shard } = placement;
  if (placement.kind !== 'reserved') {
    if (placement.kind !== 'draining') {
      const written = await store.put(slice, holder, { kind: 'draining', since, shard });
      if (!written.ok) return 'lost';
    }
    await loadBalancer.deregister(shard, slice);
    if ((await loadBalancer.health(shard, slice)) !== 'unused') return 'draining';
    if (ends) {
      await store.remove(slice);
      return 'gone';
    }
    const left = await hosts.run(slice, { kind: 'deactivate', shard });
    if (!left.ok) {
      // What is left of the shard there is unknown: no other shard may have it. The instance goes once no slice of it
      // is in use, so a slice that stayed here as `draining` would keep it for good.
      await fleet.retire(parseSliceId(slice).instance, 'failed');
      await store.remove(slice);
      return 'stuck';
    }
  }
  const written = await store.put(slice, holder, { kind: 'ready', since: clock.now() });
  return written.ok ? 'ready' : 'lost';
}

/** Where a failed move left its slice. */
export type Left = 'unchanged' | Homeward;

/**
 * One step of the way back of a move that failed: what it had not touched stays as it was; the rest goes to `ready`.
 * The slice is let go of, unless it is `draining`: then `shard` says where, and the step is to be repeated.
 */
export async function stepBack(
  ports: Ports,
  slice: string,
  holder: string,
): Promise<{ readonly left: Left; readonly shard?: string }> {
  const seen = await ports.store.get(slice);
  if (seen === undefined) return { left: 'gone' };
  const { placement } = seen;
  let left: Left = 'unchanged';
  if (placement.kind === 'activating' || placement.kind === 'draining') {
    left = await towardsReady(ports, slice, holder);
    if (left === 'draining') return { left, shard: placement.shard };
  }
  await ports.store.release(slice, holder);
  return { left };
}
