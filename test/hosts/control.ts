import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet, Hosts, Ports } from '../../core/ports.ts';
import type { ControlOptions, Extra, Machines, VmShards } from './control/main.ts';
import { Peer } from './control/peer.ts';
import { end, owned } from './rig/processes.ts';
import type { Rig } from './rig/rig.ts';

const MAIN = new URL('control/main.ts', import.meta.url).pathname;

/** The control plane of a test, each call of which goes to its process. */
export interface Control
  extends Pick<Ports, 'store' | 'loadBalancer' | 'slots' | 'agents' | 'handOvers'>,
    Extra {
  readonly machines: Machines;
  readonly vms: VmShards;
  readonly hosts: Hosts;
  stop(): Promise<void>;
}

/** @param offered what the control plane asks of the test: fleet and hosts */
export async function startControl(
  rig: Rig,
  options: Omit<ControlOptions, 'folder' | 'addresses'>,
  offered: { readonly fleet: Fleet; readonly hosts: Hosts },
): Promise<Control> {
  const folder = join(rig.folder, 'control');
  await mkdir(folder);
  const [command, args] = owned(...rig.control.within(process.execPath, [MAIN]));
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
  });
  const log = createWriteStream(join(folder, 'control.log'));
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const addresses = Object.fromEntries(rig.hosts.map(({ instance, address }) => [instance, address]));
  child.send({ ...options, folder, addresses } satisfies ControlOptions);
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', async () => reject(new Error(await readFile(join(folder, 'control.log'), 'utf8'))));
  });
  const peer = new Peer(child, offered as unknown as Record<string, object>);
  child.once('exit', (code, signal) => peer.lose(`the control plane has ended: ${code ?? signal}`));
  return {
    store: peer.remote('store'),
    loadBalancer: peer.remote('loadBalancer'),
    slots: peer.remote('slots'),
    agents: peer.remote('agents'),
    handOvers: peer.remote('handOvers'),
    machines: peer.remote('machines'),
    vms: peer.remote('vms'),
    hosts: offered.hosts,
    ...forward(peer.remote<Extra>('extra')),
    stop: () => end(child),
  };
}

const forward = (extra: Extra): Extra => ({
  place: (slice, placement) => extra.place(slice, placement),
  events: () => extra.events(),
});
