import { CommandFailed, type Machine } from '../../../agent/vm/machine.ts';

const GROUPS = '/sys/fs/cgroup';
const MIB = 1 << 20;

/**
 * A machine in memory, as far as VM shards ask it: systemd's slices and services with their control groups (version 2),
 * mounts, files. Its limits are what set-property says; what runs is what was started.
 */
export class FakeMachine implements Machine {
  readonly files = new Map<string, string>();
  readonly commands: string[] = [];
  readonly running = new Set<string>();
  /** Starts of commands that fail. */
  readonly failing: string[] = [];
  /** Whether mounts of the agent are the machine's too. */
  sharesMounts = true;
  /** Of the machine's memory. */
  used = 0.2;

  constructor() {
    this.files.set(`${GROUPS}/cgroup.controllers`, 'cpuset cpu io memory pids\n');
    this.files.set('/proc/cpuinfo', 'processor\t: 0\n\nprocessor\t: 1\n');
    this.files.set('/proc/1/mounts', '/dev/root / ext4 rw 0 0\n');
  }

  group(slice: string): string {
    return slice === 'foreshard.slice' ? `${GROUPS}/${slice}` : `${GROUPS}/foreshard.slice/${slice}`;
  }

  async run(command: string, args: readonly string[]): Promise<string> {
    const line = [command, ...args].join(' ');
    this.commands.push(line);
    if (this.failing.some((start) => line.startsWith(start)))
      throw new CommandFailed(`${line}: ended with 1: no`);
    if (command === 'systemctl') return this.#systemctl(args);
    if (command === 'mount' && this.sharesMounts) this.#mounted(args.at(-1)!, '/dev/loop0');
    if (command === 'umount') this.#mounted(args[0]!, undefined);
    if (command === 'fallocate') this.files.set(args[2]!, args[1]!);
    if (command === 'stat') return this.files.get(args[2]!) ?? '';
    return '';
  }

  #systemctl(args: readonly string[]): string {
    const [verb = '', ...rest] = args;
    const name = rest.at(-1) ?? '';
    if (verb === 'start' && name.endsWith('.slice')) {
      for (const [file, text] of [
        ['cgroup.events', 'populated 1\nfrozen 0\n'],
        ['cgroup.freeze', '0'],
        ['memory.current', '0'],
        ['memory.events', 'oom_kill 0\n'],
        ['memory.max', 'max'],
        ['cpu.max', 'max 100000'],
      ] as const)
        if (!this.files.has(`${this.group(name)}/${file}`))
          this.files.set(`${this.group(name)}/${file}`, text);
    } else if (verb === 'start') {
      if (this.#isFrozen(name)) throw new CommandFailed(`systemctl start ${name}: it is frozen`);
      this.running.add(name);
    } else if (verb === 'stop') {
      if (this.#isFrozen(name)) throw new CommandFailed(`systemctl stop ${name}: it does not answer`);
      this.running.delete(name);
      if (name.endsWith('.slice')) this.#forget(`${this.group(name)}/`);
    } else if (verb === 'set-property') this.#limit(rest[1]!, rest.slice(2));
    else if (verb === 'show')
      return `ActiveState=${this.running.has(name) ? 'active' : 'inactive'}\nNRestarts=0\n`;
    return '';
  }

  #limit(slice: string, properties: readonly string[]): void {
    const of = new Map(properties.map((one) => one.split('=') as [string, string]));
    const bytes = (value: string | undefined) => `${Number.parseInt(value ?? '0', 10) * MIB}\n`;
    const at = this.group(slice);
    this.files.set(`${at}/cpu.max`, `${Number.parseInt(of.get('CPUQuota')!, 10) * 1000} 100000\n`);
    this.files.set(`${at}/memory.max`, bytes(of.get('MemoryMax')));
    if (of.has('MemoryHigh')) this.files.set(`${at}/memory.high`, bytes(of.get('MemoryHigh')));
    if (of.has('CPUWeight')) this.files.set(`${at}/cpu.weight`, `${of.get('CPUWeight')}\n`);
    if (of.has('TasksMax')) this.files.set(`${at}/pids.max`, `${of.get('TasksMax')}\n`);
  }

  /** A service belongs to the slice of its instance name. */
  #isFrozen(unit: string): boolean {
    const id = /@(.*)\.service$/.exec(unit)?.[1];
    const events = this.files.get(`${this.group(`foreshard-${id}.slice`)}/cgroup.events`);
    return events?.includes('frozen 1') ?? false;
  }

  #mounted(at: string, device: string | undefined): void {
    const others = this.files
      .get('/proc/1/mounts')!
      .split('\n')
      .filter((line) => line.split(' ')[1] !== at);
    const own = device === undefined ? [] : [`${device} ${at} ext4 rw 0 0`];
    this.files.set('/proc/1/mounts', [...own, ...others].join('\n'));
  }

  #forget(prefix: string): void {
    for (const path of [...this.files.keys()]) if (path.startsWith(prefix)) this.files.delete(path);
  }

  async read(path: string): Promise<string | undefined> {
    if (path !== '/proc/meminfo') return this.files.get(path);
    return `MemTotal: 8388608 kB\nMemAvailable: ${Math.round((1 - this.used) * 8_388_608)} kB\n`;
  }

  async write(path: string, text: string): Promise<void> {
    this.files.set(path, text);
  }

  async poke(path: string, text: string): Promise<void> {
    if (!this.files.has(path)) throw new Error(`no such file: ${path}`);
    this.files.set(path, text);
    if (path.endsWith('/cgroup.freeze'))
      this.files.set(path.replace('cgroup.freeze', 'cgroup.events'), `populated 1\nfrozen ${text}\n`);
  }

  async list(path: string): Promise<readonly string[]> {
    const below = [...this.files.keys()].filter((one) => one.startsWith(`${path}/`));
    return [...new Set(below.map((one) => one.slice(path.length + 1).split('/')[0]!))];
  }

  async makeDirectory(): Promise<void> {}

  async remove(path: string): Promise<void> {
    this.files.delete(path);
    this.#forget(`${path}/`);
  }

  async bytesOf(): Promise<number> {
    return 20_480 * MIB;
  }
}
