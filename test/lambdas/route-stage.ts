import { Leases } from '../../adapters/aws/leases.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { SettingsStore } from '../../adapters/aws/settings-store.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Event } from '../../core/ports.ts';
import type { Balancer } from '../../core/routes/seen.ts';
import { type Synced, sync } from '../../lambdas/route-sync/sync.ts';
import type { SyncParts } from '../../lambdas/route-sync/wiring.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { AwsModel } from '../model-aws/model.ts';
import { Bucket } from './bucket.ts';

export const T0 = 1_790_000_000;

/** Everything that route-sync touches: load balancers of the model, a table, buckets, in virtual time. */
export class RouteStage {
  readonly clock = new VirtualClock(T0);
  readonly table = new MemoryTable();
  readonly bucket = new Bucket();
  readonly events: Event[] = [];
  readonly aws: AwsModel;
  readonly balancers: readonly Balancer[];
  parts: SyncParts;

  constructor({ albs = 1, ...options }: { buckets?: boolean; latency?: number; albs?: number } = {}) {
    const { clock, table, bucket, events } = this;
    this.aws = new AwsModel({ clock, ...options });
    this.balancers = Array.from({ length: albs }, (_, i) => ({
      ...this.aws.elb.addLoadBalancer(`alb-${i}`),
      dns: `alb-${i}.example`,
    }));
    this.parts = {
      elb: this.aws.client(),
      s3: bucket,
      table,
      leases: new Leases(table),
      settings: new SettingsStore(bucket, 'ours'),
      modes: new Modes(table),
      events: { publish: async (published) => void events.push(...published) },
      clock,
      run: 'r',
    };
  }

  /** @param seconds until no call is begun any more */
  run(seconds = 600): Promise<Synced> {
    const { parts, clock, input } = this;
    return clock.settle(sync(parts, { ...input, stopAt: clock.now() + seconds }));
  }

  get input() {
    return { service: 'shop', vpc: 'vpc-1', balancers: this.balancers };
  }

  put(text: string): void {
    this.bucket.put('ours', 'settings.yaml', text);
  }

  rules() {
    return [...this.aws.elb.rules.values()];
  }

  groups() {
    return [...this.aws.elb.targets.groups.values()];
  }
}

/** A settings file with these shards, all active. */
export const yaml = (
  shards: readonly (string | { name: string; more: string })[],
  fleet = '',
) => `service: shop
fleet: { max: 1000${fleet} }
shards:
${shards
  .map((one) => {
    const { name, more } = typeof one === 'string' ? { name: one, more: '' } : one;
    return `  - { name: ${name}, mode: active, capacity: { perInstance: 100 }${more} }`;
  })
  .join('\n')}
`;

/** So many shards with a host each. */
export const hosts = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ name: `s${i}`, more: `, route: { host: s${i}.example.com }` }));
