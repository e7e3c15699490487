import type { Fleet, HostCommand, HostResult, Hosts, SpotAnnouncement } from '../../core/ports.ts';
import type { Instance } from '../../core/shards/instance.ts';
import { FIRST_PORT, parseSliceId, sliceId } from '../../core/shards/slice.ts';
import type { Host } from './rig/host.ts';

/** Each host is an instance of its own Spot pool, with one slice. */
export const sliceOf = ({ instance }: Pick<Host, 'instance'>) => sliceId(instance, FIRST_PORT);

/** The rig's hosts as a fleet: it neither starts nor ends any; the test does. */
export function fleetOf(hosts: readonly Host[]): Fleet {
  const announced = new Map<string, SpotAnnouncement>();
  return {
    list: async () =>
      hosts.filter(({ isOn }) => isOn).map((host) => instanceOf(host, announced.get(host.instance))),
    apply: async () => {},
    retire: async () => {},
    announce: async (instance, what) => void announced.set(instance, what),
  };
}

function instanceOf(host: Host, said: SpotAnnouncement | undefined): Instance {
  const { instance, zone } = host;
  const placement = { kind: 'ready', since: 0 } as const;
  const facts = {
    id: instance,
    type: 'm7i.large',
    zone,
    group: 'spot' as const,
    since: 0,
    slices: [{ id: sliceOf(host), instance, port: FIRST_PORT, share: 1, placement }],
  };
  if (said?.kind === 'interruption') return { ...facts, state: 'interrupted', deadline: said.deadline };
  return { ...facts, state: 'running', ...(said && { rebalanceAt: said.at }) };
}

/** Runs commands on the hosts as Run Command does on instances: by the agent's own command line. */
export function hostsOf(hosts: readonly Host[]): Hosts {
  return {
    run: async (slice: string, { kind, shard }: HostCommand): Promise<HostResult> => {
      const { instance, port } = parseSliceId(slice);
      const host = hosts.find((one) => one.instance === instance);
      if (!host?.isOn) return { ok: false, error: `${instance} does not run` };
      const { code, stderr } = await host.try('foreshard-agent', kind, shard, String(port));
      return code === 0 ? { ok: true } : { ok: false, error: stderr.trim() };
    },
  };
}
