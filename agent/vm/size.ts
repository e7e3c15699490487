import { MIB } from '../../core/bytes.ts';
import { VM_ROOT } from '../../core/vm/escape.ts';
import type { VmSize } from '../../core/vm/shard.ts';
import type { Machine } from './machine.ts';

/** What this machine has: vCPUs, memory and the filesystem that the disks of its VM shards are on. */
export async function measuredSize(machine: Machine): Promise<VmSize> {
  const [cpuinfo = '', meminfo = ''] = await Promise.all([
    machine.read('/proc/cpuinfo'),
    machine.read('/proc/meminfo'),
  ]);
  await machine.makeDirectory(VM_ROOT);
  return {
    vCPU: cpuinfo.match(/^processor\s*:/gm)?.length ?? 0,
    RAM: Math.floor(kib(meminfo, 'MemTotal') / 1024),
    storage: Math.floor((await machine.bytesOf(VM_ROOT)) / MIB),
  };
}

/** Share of the machine's memory that cannot be had at once. */
export async function memoryUsed(machine: Pick<Machine, 'read'>): Promise<number> {
  const meminfo = (await machine.read('/proc/meminfo')) ?? '';
  const all = kib(meminfo, 'MemTotal');
  return all > 0 ? 1 - kib(meminfo, 'MemAvailable') / all : 0;
}

const kib = (meminfo: string, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0);
