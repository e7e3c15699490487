import { MIB } from '../../core/bytes.ts';
import type { InForce } from '../../core/vm/report.ts';
import { type Cgroups, type GroupMemory, groupPath, lineOf, numberOf, ROOT } from './cgroups.ts';
import type { Machine } from './machine.ts';
import { untilSo } from './until.ts';

/**
 * Control groups version 2. The freezer is written by hand, not by `systemctl freeze`: systemd takes a unit whose
 * processes are killed while it is frozen for frozen until the next boot (systemd/systemd#37569), and memory that runs
 * out is when this happens.
 */
export class CgroupsV2 implements Cgroups {
  readonly version = 2;
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async inForce(shardID: string): Promise<InForce | undefined> {
    const [cpu, weight, max, tasks] = await Promise.all(
      ['cpu.max', 'cpu.weight', 'memory.max', 'pids.max'].map((file) => this.#read(shardID, file)),
    );
    if (cpu === undefined && max === undefined) return undefined;
    const [quota, period] = (cpu ?? '').trim().split(' ').map(Number);
    const [cpuWeight, limit, most] = [numberOf(weight), numberOf(max), numberOf(tasks)];
    return {
      ...(quota && period && { vCPU: Math.round((100 * quota) / period) / 100 }),
      ...(cpuWeight !== undefined && { cpuWeight }),
      ...(limit !== undefined && { RAM: Math.round(limit / MIB) }),
      ...(most !== undefined && { tasks: most }),
    };
  }

  memory(shardID: string): Promise<GroupMemory | undefined> {
    return this.#memory(shardID);
  }

  all(): Promise<GroupMemory | undefined> {
    return this.#memory(undefined);
  }

  async freeze(shardID: string, frozen: boolean): Promise<void> {
    const wanted = frozen ? 1 : 0;
    const now = await this.#read(shardID, 'cgroup.events');
    if (now === undefined || lineOf(now, 'frozen') === wanted) return;
    await this.#machine.poke(`${ROOT}/${groupPath(shardID)}/cgroup.freeze`, `${wanted}`);
    await untilSo(`${shardID} is ${frozen ? 'frozen' : 'thawed'}`, async () => {
      const seen = await this.#read(shardID, 'cgroup.events');
      return seen === undefined || lineOf(seen, 'frozen') === wanted;
    });
  }

  async #memory(shardID: string | undefined): Promise<GroupMemory | undefined> {
    const [current, stat, max, events, pressure] = await Promise.all(
      ['memory.current', 'memory.stat', 'memory.max', 'memory.events', 'memory.pressure'].map((file) =>
        this.#read(shardID, file),
      ),
    );
    const used = numberOf(current);
    if (used === undefined) return undefined;
    const limit = numberOf(max);
    const stalled = stallOf(pressure);
    return {
      used: Math.max(0, used - lineOf(stat, 'inactive_file')) / MIB,
      ...(limit !== undefined && { limit: limit / MIB }),
      kills: lineOf(events, 'oom_kill'),
      ...(stalled !== undefined && { stalled }),
    };
  }

  #read(shardID: string | undefined, file: string): Promise<string | undefined> {
    return this.#machine.read(`${ROOT}/${groupPath(shardID)}/${file}`);
  }
}

/** `some avg10=1.50 …` as a share. */
export function stallOf(pressure: string | undefined): number | undefined {
  const percent = /^some avg10=([\d.]+)/m.exec(pressure ?? '')?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}
