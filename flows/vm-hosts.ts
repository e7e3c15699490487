import type { Instance } from '../core/shards/instance.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { HOUR } from '../core/time.ts';
import { predictedNeed } from '../core/vm/propose.ts';
import { VmUnknown } from '../core/vm/refused.ts';
import { RESOURCES, type VmShard, type VmSize } from '../core/vm/shard.ts';
import { sizeOfInstance } from '../core/vm/size.ts';
import { spareFor, type VmHost } from '../core/vm/spare.ts';
import type { VmParts } from './vm-parts.ts';

/** Who could take a VM shard over, best first, and what it will need there. */
export interface Hosts {
  readonly hosts: readonly VmHost[];
  /** For the next hour, and at least what it has: not for now alone. */
  readonly need: VmSize;
}

/** Instances with room for a VM shard, by {@link spareFor}. @throws {VmUnknown} when its instance is not of the fleet. */
export async function hostsFor(
  { ports, vms, settings }: VmParts,
  instanceID: string,
  shard: VmShard,
): Promise<Hosts> {
  const [instances, divided, slices] = await Promise.all([
    ports.fleet.list(),
    vms.list(),
    ports.store.slices(),
  ]);
  const inUse = new Set(
    slices.flatMap((one) => (one.placement.kind === 'ready' ? [] : [parseSliceId(one.slice).instance])),
  );
  const known = new Map(divided.map((one) => [one.vm.instanceID, one]));
  const own = instances.find(({ id }) => id === instanceID);
  if (own === undefined) throw new VmUnknown(`instance ${instanceID}: expected one of the fleet`);
  const hosts = instances.flatMap((instance): VmHost[] => {
    if (instance.state !== 'running') return [];
    const { vm, report } = known.get(instance.id) ?? {};
    const size = vm?.size ?? sizeOfInstance(instance.type, settings);
    // One that is not divided can be as long as it serves nobody.
    if (size === undefined || (vm === undefined && inUse.has(instance.id))) return [];
    if (vm?.shards.some(({ shardID }) => shardID === shard.shardID)) return [];
    const leaving = instance.rebalanceAt !== undefined || report?.pressureSince !== undefined;
    const whole = { instanceID: instance.id, shards: [], size };
    return [{ vm: vm ?? whole, leaving, ...placeOf(instance) }];
  });
  const now = ports.clock.now();
  const soon = predictedNeed(shard.applicationComponent, settings.vm, now, now + HOUR);
  const need = larger(shard, soon);
  return { hosts: spareFor(hosts, { instanceID, ...placeOf(own) }, need, settings), need };
}

const placeOf = ({ type, zone, group }: Instance): Pick<VmHost, 'zone' | 'pool'> => ({
  zone,
  ...(group === 'spot' && { pool: { type, zone } }),
});

function larger(a: VmSize, b: VmSize | undefined): VmSize {
  const most = { vCPU: a.vCPU, RAM: a.RAM, storage: a.storage };
  for (const one of RESOURCES) most[one] = Math.max(most[one], b?.[one] ?? 0);
  return most;
}
