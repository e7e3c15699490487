import type { ChildProcess } from 'node:child_process';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Hierarchy, makeCgroups, removeCgroups } from './cgroups.ts';
import { InstanceMetadata } from './metadata.ts';
import { addressOf, type NetworkNamespace } from './network.ts';
import { end, ended, eventually, hasEnded, launch, run, type Said, tried } from './processes.ts';

const BOOT = new URL('boot.sh', import.meta.url).pathname;

export interface HostParts {
  /** Unique on the machine; `foreshard-<pid of the run>-<n>`. */
  readonly name: string;
  /** Number in the test's network. */
  readonly n: number;
  readonly instance: string;
  readonly zone: string;
  readonly network: NetworkNamespace;
  readonly image: string;
  readonly mock: string;
  /** Folder of the host: its disk, logs. */
  readonly folder: string;
  readonly cgroups: Hierarchy;
}

/**
 * A machine as an agent sees it: its own systemd, address, processes, disk, limits, and instance metadata.
 *
 * Lifecycle: off → `boot` → on → `poweroff` or `crash` → off; its disk lasts until the rig is closed.
 */
export class Host {
  readonly name: string;
  readonly instance: string;
  readonly zone: string;
  readonly address: string;
  readonly network: NetworkNamespace;
  readonly metadata: InstanceMetadata;
  readonly #parts: HostParts;
  #outer: ChildProcess | undefined;
  #init = 0;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.instance = parts.instance;
    this.zone = parts.zone;
    this.network = parts.network;
    this.address = addressOf(parts.n);
    this.metadata = new InstanceMetadata({ ...parts, address: this.address });
  }

  get isOn(): boolean {
    return this.#outer !== undefined && !hasEnded(this.#outer);
  }

  /** Resolves when systemd says that it is up. @throws {Error} with what it said when it is not within 60 s. */
  async boot(): Promise<void> {
    if (this.isOn) throw new Error(`host ${this.name}: expected it off, it is on`);
    const { name, image, folder, cgroups, network } = this.#parts;
    const disk = join(folder, 'disk');
    await mkdir(disk, { recursive: true });
    const procs = await makeCgroups(name, cgroups);
    const controllers = cgroups === 2 ? [] : cgroups;
    const [command, args] = network.within('unshare', [
      ...['-C', '-m', '-p', '-u', '-i', '-f', '--kill-child=SIGKILL'],
      ...[BOOT, name, image, disk, ...controllers],
    ]);
    // The shell goes into the host's cgroups, so that they are the root of what the host sees.
    const enter = procs.map((file) => `echo $$ >'${file}'`).join(' && ');
    const outer = launch(['bash', ['-c', `${enter} && exec "$0" "$@"`, command, ...args]], {
      log: join(folder, 'console.log'),
    });
    this.#outer = outer;
    await eventually(`host ${name} boots`, async () => {
      if (hasEnded(outer)) throw new Error(await readFile(join(folder, 'console.log'), 'utf8'));
      return this.#findInit();
    });
    const up = await eventually(
      `systemd of ${name} is up`,
      async () => {
        const { stdout } = await this.try('systemctl', 'is-system-running', '--wait');
        return ['running', 'degraded'].includes(stdout.trim()) && stdout.trim();
      },
      60_000,
    );
    if (up === 'degraded')
      throw new Error(`host ${name}: failed units: ${await this.run('systemctl', '--failed')}`);
  }

  /** The process that became systemd, once it has done so. */
  async #findInit(): Promise<boolean> {
    const pid = this.#outer?.pid;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    this.#init = Number(children.trim().split(' ')[0]);
    return this.#init > 0 && (await readFile(`/proc/${this.#init}/comm`, 'utf8')).trim() === 'systemd';
  }

  /** Stops its units in order, and is off. */
  async poweroff(): Promise<void> {
    if (!this.isOn) return;
    await writeFile(this.#journalFile, await this.journal());
    await this.try('systemctl', 'poweroff', '--no-block');
    await this.#off();
  }

  /** The power fails: nothing is said to anybody. */
  async crash(): Promise<void> {
    if (this.#outer !== undefined) await end(this.#outer);
    await this.#off();
  }

  async #off(): Promise<void> {
    const outer = this.#outer;
    if (outer === undefined) return;
    await Promise.race([ended(outer), new Promise((go) => setTimeout(go, 30_000).unref())]);
    await end(outer);
    const { name, cgroups } = this.#parts;
    // The kernel takes a moment to forget the last processes.
    await eventually(`cgroups of ${name} are removed`, () => removeCgroups(name, cgroups).then(() => true));
    this.#outer = undefined;
  }

  #inside(args: readonly string[]): string[] {
    if (!this.isOn) throw new Error(`host ${this.name}: expected it on, it is off`);
    return ['-t', String(this.#init), '-m', '-u', '-i', '-n', '-p', '-C', '--', ...args];
  }

  /** Runs a command as the host's root. @throws {Error} with what it said when it does not end with 0. */
  run(...args: readonly string[]): Promise<string> {
    return run('nsenter', this.#inside(args));
  }

  try(...args: readonly string[]): Promise<Said> {
    return tried('nsenter', this.#inside(args));
  }

  /** Path of a file of the running host, as this process sees it. */
  path(path: string): string {
    if (!this.isOn) throw new Error(`host ${this.name}: expected it on, it is off`);
    return `/proc/${this.#init}/root${path}`;
  }

  /** Copies a file or folder of this machine onto the host. */
  async copy(from: string, to: string, mode?: number): Promise<void> {
    await mkdir(dirname(this.path(to)), { recursive: true });
    await cp(from, this.path(to), { recursive: true });
    if (mode !== undefined) await chmod(this.path(to), mode);
  }

  async write(to: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.path(to)), { recursive: true });
    await writeFile(this.path(to), text, { mode });
  }

  /** The log since its boot, or up to where it was powered off. */
  async journal(): Promise<string> {
    if (!this.isOn)
      return readFile(this.#journalFile, 'utf8').catch(() => 'no log: it has crashed, or never booted');
    return (await this.try('journalctl', '--no-pager', '-o', 'short-precise')).stdout;
  }

  get #journalFile(): string {
    return join(this.#parts.folder, 'journal.log');
  }

  /** Off, and all that it had is gone. */
  async close(): Promise<void> {
    await this.crash();
    await this.metadata.close();
    await this.network.close();
  }
}
