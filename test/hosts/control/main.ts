import { SystemClock } from '../../../adapters/aws/clock.ts';
import { handOverPorts } from '../../../adapters/aws/hand-over/ports.ts';
import { DynamoStore } from '../../../adapters/aws/store.ts';
import { PK } from '../../../adapters/aws/table.ts';
import { unwiredPorts } from '../../../adapters/aws/unwired.ts';
import type { Event, Fleet, Hosts } from '../../../core/ports.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import type { Placement } from '../../../core/shards/placement.ts';
import { Cloud, type CloudOptions } from './cloud.ts';
import { startHaproxy } from './haproxy.ts';
import { machinesOf } from './machines.ts';
import { Peer } from './peer.ts';

export interface ControlOptions extends CloudOptions {
  /** Address of each instance. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** What the test asks of the control plane besides its ports. */
export interface Extra {
  /** Writes a slice as if its moves had been made. */
  place(slice: string, placement: Placement): Promise<void>;
  /** Everything that was published. */
  events(): Promise<readonly Event[]>;
}

type Flows = ReturnType<typeof machinesOf>;
export type Machines = Omit<Flows, 'vms'>;
export type VmShards = Flows['vms'];

/**
 * The control plane of the test: a process in the control namespace. What is AWS's there is MiniStack's and haproxy's
 * here; what runs on it is the product's own. Hosts and fleet are the test's, at the other end of the channel.
 */
async function main(options: ControlOptions): Promise<void> {
  const settings = parseSettings(options.settings, 'settings.yaml');
  const clock = new SystemClock();
  const cloud = await Cloud.start(options);
  const { table } = cloud;
  const { loadBalancer } = await startHaproxy(options.folder, settings, options.addresses);
  const published: Event[] = [];
  const offered: Record<string, object> = {};
  const peer = new Peer(process, offered);
  const ports = unwiredPorts({
    clock,
    loadBalancer,
    store: new DynamoStore(table, clock),
    events: { publish: async (events) => void published.push(...events) },
    fleet: peer.remote<Fleet>('fleet'),
    hosts: peer.remote<Hosts>('hosts'),
    ...handOverPorts(table),
  });
  const extra: Extra = {
    place: async (slice, placement) =>
      void (await table.put({ pk: PK.slice, sk: slice, placement, version: Math.floor(clock.now()) })),
    events: async () => published,
  };
  const { vms, ...machines } = machinesOf(ports, table, settings);
  Object.assign(offered, { ...ports, extra, machines, vms });
  process.send?.('ready');
}

process.once('message', (options: ControlOptions) => void main(options));
// The test has ended.
process.once('disconnect', () => process.exit());
