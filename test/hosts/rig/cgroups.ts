import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './processes.ts';

const ROOT = '/sys/fs/cgroup';
/** Version 1: those that systemd limits with. */
const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids'];

/** `2`, or the controllers of version 1 that are mounted one by one. */
export type Hierarchy = 2 | readonly string[];

/** What the kernel of this machine gives. @throws {Error} when a controller that limits need is missing. */
export async function hierarchy(): Promise<Hierarchy> {
  if ((await run('stat', ['-fc', '%T', ROOT])).trim() === 'cgroup2fs') return 2;
  const there = new Set(await readdir(ROOT));
  for (const needed of ['cpu', 'memory'])
    if (!there.has(needed)) throw new Error(`${ROOT}: expected a controller ${needed}, got ${[...there]}`);
  return CONTROLLERS.filter((name) => there.has(name));
}

/** Folders of the host's own cgroups. */
const foldersOf = (name: string, kind: Hierarchy) =>
  kind === 2
    ? [join(ROOT, name)]
    : [...kind, 'systemd', 'unified'].map((controller) => join(ROOT, controller, name));

/** Makes the host's cgroups; what is written to each of the files returned is moved into them. */
export async function makeCgroups(name: string, kind: Hierarchy): Promise<readonly string[]> {
  if (kind === 2) await writeFile(join(ROOT, 'cgroup.subtree_control'), '+cpu +cpuset +memory +io +pids');
  const folders = foldersOf(name, kind);
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    // A cpuset of version 1 is empty at first and takes no process.
    if (folder.startsWith(`${ROOT}/cpuset/`))
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        await writeFile(join(folder, file), await readFile(join(ROOT, 'cpuset', file)));
  }
  return folders.map((folder) => join(folder, 'cgroup.procs'));
}

/** Removes the host's cgroups, from the innermost on; there may be none. */
export async function removeCgroups(name: string, kind: Hierarchy): Promise<void> {
  for (const folder of foldersOf(name, kind)) await removeFolder(folder);
}

async function removeFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeFolder(join(folder, entry.name));
  await rmdir(folder);
}

/** Names of hosts that have cgroups. */
export async function cgroupNames(kind: Hierarchy): Promise<readonly string[]> {
  return readdir(kind === 2 ? ROOT : join(ROOT, 'systemd'));
}
