import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaproxyLoadBalancer } from '../../adapters/local/haproxy.ts';
import { checkOf, haproxyConfig } from '../../adapters/local/haproxy-config.ts';
import { haproxyAt } from '../../adapters/local/haproxy-socket.ts';
import { drainOf, healthCheckOf } from '../../core/routes/route.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import { addressOf, CONTROL_ADDRESS } from '../../test/hosts/rig/network.ts';
import { end, eventually, launch } from '../../test/hosts/rig/processes.ts';
import type { Place } from './link.ts';

const PORT = 80;
const SHARD = 'bench';

/**
 * Debian's haproxy outside of both hosts, with the health checks of a target group (5 s).
 * @param hosts of each slice, the number of its address
 */
export async function startBalancer(
  place: Place,
  settings: Settings,
  hosts: Readonly<Record<string, number>>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'foreshard-bench-'));
  const socket = join(folder, 'socket');
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, haproxyConfig({ socket, bind: `${CONTROL_ADDRESS}:${PORT}`, settings }));
  const haproxy = launch(place.outside.within('haproxy', ['-db', '-f', file]));
  const ask = haproxyAt(socket);
  await eventually('haproxy answers', async () => (await ask('show info')).includes('Version'));
  const balancer = new HaproxyLoadBalancer({
    ask,
    addressOf: (slice) => {
      const host = hosts[slice];
      return host === undefined ? undefined : { host: addressOf(host), port: parseSliceId(slice).port };
    },
    check: () => checkOf(healthCheckOf(settings.shards[0]!)),
    drain: drainOf(settings),
  });
  return {
    url: `http://${CONTROL_ADDRESS}:${PORT}/bench/any`,
    register: (slice: string) => balancer.register(SHARD, slice),
    health: (slice: string) => balancer.health(SHARD, slice),
    deregister: (slice: string) => balancer.deregister(SHARD, slice),
    close: async () => {
      await end(haproxy);
      rmSync(folder, { recursive: true });
    },
  };
}
