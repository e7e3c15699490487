import type { GroupFacts, Member } from '../../adapters/aws/fleet-groups.ts';
import { SettingsStore } from '../../adapters/aws/settings-store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { Deployed } from '../../cli/deployed.ts';
import type { Event } from '../../core/ports.ts';
import type { Group } from '../../core/shards/instance.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { OneObject } from '../adapters/one-object.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { T0 } from '../world/fixtures.ts';

export const YAML = `service: shop
shards:
  - { name: web, capacity: { perInstance: 100 }, guarantee: 2, mode: active }
  - { name: cart, capacity: { perInstance: 50, unit: orders/s } }
fleet: { max: 20 }
`;

/** A deployed service in memory: settings, table, groups; what was published and started is kept. */
export class FakeDeployed implements Deployed {
  readonly service = 'shop';
  readonly by = 'ann';
  readonly clock = new VirtualClock(T0);
  readonly table = new MemoryTable();
  readonly object = new OneObject('bucket', 'settings.yaml');
  readonly settings = new SettingsStore(this.object as never, 'bucket');
  readonly published: Event[] = [];
  readonly events = { publish: async (events: readonly Event[]) => void this.published.push(...events) };
  readonly members: Member[] = [];
  synced = 0;

  constructor(yaml = YAML) {
    this.object.put(yaml);
  }

  async syncRoutes(): Promise<void> {
    this.synced++;
  }

  async groups(): Promise<Record<Group, GroupFacts>> {
    const facts = (group: Group): GroupFacts => ({
      group,
      name: group,
      min: 0,
      max: 20,
      desired: this.members.filter((one) => one.group === group && one.lifecycle === 'InService').length,
      warmPool: undefined,
      members: this.members.filter((one) => one.group === group),
    });
    return { steady: facts('steady'), spot: facts('spot') };
  }

  /** An instance, and a slice of it for each placement. */
  async add(
    id: string,
    lifecycle: string,
    placements: readonly Placement[] = [],
    changed: Partial<Member> = {},
  ) {
    const member = { id, lifecycle, type: 'm7i.large', zone: 'a', group: 'steady' as const };
    this.members.push({ ...member, isProtected: true, isHealthy: true, ...changed });
    for (const [i, placement] of placements.entries())
      await this.table.put({ pk: PK.slice, sk: `${id}:${8080 + i}`, placement, version: 1 });
  }
}
