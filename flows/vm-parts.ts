import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { VmInstance } from '../core/vm/shard.ts';
import type { Vms } from '../core/vm/store.ts';
import { type EventDetails, event } from './events.ts';

/** What the flows of VM shards work with. */
export interface VmParts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'events' | 'fleet' | 'agents' | 'workflows'>;
  readonly vms: Vms;
  readonly settings: Settings;
}

/** Says what is another with a VM shard now; one that is not there any more is `gone`. */
export async function tellChanged(
  { ports }: Pick<VmParts, 'ports'>,
  { instanceID: instance, shards, version }: VmInstance,
  shardID: string,
): Promise<void> {
  const shard = shards.find((one) => one.shardID === shardID);
  const what = { instance, vmShard: shardID, version };
  const detail: EventDetails['VmShardChanged'] =
    shard === undefined
      ? { ...what, state: 'gone' }
      : {
          ...what,
          state: shard.state,
          vCPU: shard.vCPU,
          RAM: shard.RAM,
          storage: shard.storage,
          priority: shard.priority,
        };
  await ports.events.publish([event('VmShardChanged', ports.clock.now(), detail)]);
}
