import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HaproxyLoadBalancer } from '../../../adapters/local/haproxy.ts';
import { checkOf, haproxyConfig } from '../../../adapters/local/haproxy-config.ts';
import { haproxyAt } from '../../../adapters/local/haproxy-socket.ts';
import { drainOf, healthCheckOf } from '../../../core/routes/route.ts';
import type { Settings } from '../../../core/settings/schema.ts';
import { parseSliceId } from '../../../core/shards/slice.ts';
import { CONTROL_ADDRESS } from '../rig/network.ts';
import { eventually, hasEnded, launch } from '../rig/processes.ts';

const PORT = 80;
export const BALANCER = `http://${CONTROL_ADDRESS}:${PORT}`;

/** Debian's haproxy on the bridge, with the health checks that a target group has (5 s, two failures). */
export async function startHaproxy(
  folder: string,
  settings: Settings,
  addresses: Readonly<Record<string, string>>,
): Promise<{ readonly process: ChildProcess; readonly loadBalancer: HaproxyLoadBalancer }> {
  const socket = join(folder, 'haproxy.sock');
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, haproxyConfig({ socket, bind: `${CONTROL_ADDRESS}:${PORT}`, settings }));
  const process = launch(['haproxy', ['-db', '-f', file]], { log: join(folder, 'haproxy.log') });
  const ask = haproxyAt(socket);
  await eventually('haproxy answers', async () => {
    if (hasEnded(process)) throw new Error(`haproxy ended: see ${folder}/haproxy.log`);
    return (await ask('show info')).includes('Version');
  });
  const shardOf = (name: string) => {
    const shard = settings.shards.find((one) => one.name === name);
    if (shard === undefined) throw new RangeError(`shard: expected one of the settings, got ${name}`);
    return shard;
  };
  const loadBalancer = new HaproxyLoadBalancer({
    ask,
    addressOf: (slice) => {
      const { instance, port } = parseSliceId(slice);
      const host = addresses[instance];
      return host === undefined ? undefined : { host, port };
    },
    check: (shard) => checkOf(healthCheckOf(shardOf(shard))),
    drain: drainOf(settings),
  });
  return { process, loadBalancer };
}
