import type { Ports } from '../core/ports.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { until } from './poll.ts';

/** How a slice stands after one step towards `ready`. */
export type Homeward =
  | 'ready'
  /** Deregistered, not yet `unused`. */
  | 'draining'
  /** Its host cannot leave the shard's environment; the instance is retired. */
  | 'stuck'
  /** Its instance has gone. */
  | 'gone'
  /** Another workflow has it. */
  | 'lost';

/**
 * Brings a held slice one step nearer to `ready`, from wherever a workflow left it: out of the load balancer first,
 * free of its shard only once `unused`. Does not wait and may be repeated; the caller lets go of the slice.
 */
export async function towardsReady(ports: Ports, slice: string, holder: string): Promise<Homeward> {
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
    const left = await hosts.run(slice, { kind: 'deactivate', shard });
    if (!left.ok) {
      // What is left of the shard there is unknown: no other shard may have it.
      await fleet.retire(parseSliceId(slice).instance, 'failed');
      return 'stuck';
    }
  }
  const written = await store.put(slice, holder, { kind: 'ready', since: clock.now() });
  return written.ok ? 'ready' : 'lost';
}

/** Where a failed move left its slice. */
export type Left = 'unchanged' | Homeward;

/**
 * The way back of a move that failed: what it had not touched stays as it was; the rest goes to `ready`, and waits
 * for the drain until `deadline`. What is still draining then is let go of, and reconciliation goes on with it.
 */
export async function wayBack(ports: Ports, slice: string, holder: string, deadline: Seconds): Promise<Left> {
  const seen = await ports.store.get(slice);
  if (seen === undefined) return 'gone';
  let left: Left = 'unchanged';
  if (seen.placement.kind === 'activating' || seen.placement.kind === 'draining') {
    await until(ports.clock, deadline, ports.clock.now(), async () => {
      left = await towardsReady(ports, slice, holder);
      return left !== 'draining';
    });
  }
  await ports.store.release(slice, holder);
  return left;
}
