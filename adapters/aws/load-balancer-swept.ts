import type { LoadBalancer, ShardStore, StoredSlice, TargetHealth } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';
import type { AwsLoadBalancer } from './load-balancer.ts';
import { type Item, PK, type Table } from './table.ts';

/** Targets by slice; `since` is the first look that saw this state. */
export type HealthTargets = Readonly<
  Record<string, { readonly state: TargetHealth; readonly since: Seconds }>
>;

/** What the poller saw of a shard's target group at its last look: a `health` item. Without `at`, no look succeeded yet. */
export interface HealthItem extends Item {
  readonly at?: Seconds;
  readonly targets?: HealthTargets;
}

/**
 * Health for reconciliation, without one call to ELB per slice: what the poller last saw of slices that are settled,
 * and one live look per shard at those that move (nobody waits for them, or they would be held).
 *
 * A look that is older than the slice's placement says nothing about it, and then it is taken as healthy; so is one
 * that was unhealthy at a single look. Read once: make a new one for each tick.
 * @param live of the same tick: `states` is asked at most once per shard
 */
export function sweptHealth(
  table: Table,
  store: Pick<ShardStore, 'slices'>,
  live: Pick<AwsLoadBalancer, 'states'>,
): Pick<LoadBalancer, 'health'> {
  let read: Promise<Swept> | undefined;
  const looks = new Map<string, Promise<ReadonlyMap<string, TargetHealth>>>();
  const look = (shard: string) => {
    let states = looks.get(shard);
    if (states === undefined) {
      states = live.states(shard);
      looks.set(shard, states);
    }
    return states;
  };
  return {
    async health(shard, slice) {
      read ??= readSwept(table, store);
      const { slices, items } = await read;
      const { placement } = slices.get(slice) ?? {};
      const settled = placement?.kind === 'active' && placement.shard === shard;
      if (!settled) return (await look(shard)).get(slice) ?? 'unused';
      return seenOf(items.get(shard), slice, placement.since);
    },
  };
}

interface Swept {
  readonly slices: ReadonlyMap<string, StoredSlice>;
  readonly items: ReadonlyMap<string, HealthItem>;
}

async function readSwept(table: Table, store: Pick<ShardStore, 'slices'>): Promise<Swept> {
  // Slices first: a placement that is written between the two reads is then older than it should be, and not newer.
  const slices = await store.slices();
  const items = await table.query(PK.health);
  return {
    slices: new Map(slices.map((one) => [one.slice, one])),
    items: new Map(items.map((item) => [item.sk, item as HealthItem])),
  };
}

/** What a look says of an active slice that has been so since `placed`. */
export function seenOf(item: HealthItem | undefined, slice: string, placed: Seconds): TargetHealth {
  const { at, targets } = item ?? {};
  if (at === undefined || targets === undefined || at <= placed) return 'healthy';
  const seen = targets[slice];
  if (seen === undefined) return 'unused';
  if (seen.state !== 'unhealthy') return seen.state;
  // Both looks must have been at this placement.
  return seen.since > placed && at > seen.since ? 'unhealthy' : 'healthy';
}
