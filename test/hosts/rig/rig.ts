import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupNames, hierarchy, removeCgroups } from './cgroups.ts';
import { Host } from './host.ts';
import { connect, makeBridge, NetworkNamespace } from './network.ts';

/** Folders and cgroups of runs: `foreshard-hosts-<pid>-…`. */
const PREFIX = 'foreshard-hosts-';

/** What was prepared once for all tests. Plain data: global set-up hands it to the test files. */
export interface Prepared {
  readonly image: string;
  readonly mock: string;
  /** Python that has MiniStack. */
  readonly python: string;
}

/** Hosts and a control namespace, connected by a bridge. */
export interface Rig {
  readonly control: NetworkNamespace;
  readonly hosts: readonly Host[];
  /** Folder of this rig: disks and logs. Removed at the end. */
  readonly folder: string;
  /** Another machine in the same network. */
  join(n: number): Promise<NetworkNamespace>;
  /** Everything is gone after it, whatever state it was in. */
  close(): Promise<void>;
}

/** @param zones one host for each, all off. */
export async function makeRig(
  { image, mock }: Omit<Prepared, 'python'>,
  zones: readonly string[],
): Promise<Rig> {
  const cgroups = await hierarchy();
  await forgetKilledRuns();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const namespaces: NetworkNamespace[] = [];
  const hosts: Host[] = [];
  const add = async () => {
    const made = await NetworkNamespace.make();
    namespaces.push(made);
    return made;
  };
  const close = async () => {
    const closed = await Promise.allSettled(hosts.map((host) => host.close()));
    await Promise.all(namespaces.map((one) => one.close()));
    await rm(folder, { recursive: true, force: true });
    for (const one of closed) if (one.status === 'rejected') throw one.reason;
  };
  try {
    const control = await add();
    await makeBridge(control);
    const attach = async (n: number) => {
      const network = await add();
      await connect(control, network, n);
      return network;
    };
    for (const [i, zone] of zones.entries()) {
      const name = `${PREFIX}${process.pid}-${folder.slice(-6)}-${i + 1}`;
      const own = join(folder, `host-${i + 1}`);
      await mkdir(own);
      const network = await attach(11 + i);
      const instance = `i-0${String(i + 1).repeat(16)}`;
      const host = new Host({ name, n: 11 + i, instance, zone, network, image, mock, folder: own, cgroups });
      hosts.push(host);
      await host.metadata.start();
    }
    return { control, hosts, folder, join: attach, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Folders and cgroups of runs that did not come to their end; their processes ended with them. */
async function forgetKilledRuns(): Promise<void> {
  const kind = await hierarchy();
  for (const name of await cgroupNames(kind)) if (isOfDead(name)) await removeCgroups(name, kind);
  for (const name of await readdir(tmpdir()))
    if (isOfDead(name)) await rm(join(tmpdir(), name), { recursive: true, force: true });
}

function isOfDead(name: string): boolean {
  const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : Number.NaN);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
