import { MIB } from '../../core/bytes.ts';
import type { InForce } from '../../core/vm/report.ts';
import { type Cgroups, type GroupMemory, groupPath, lineOf, numberOf, ROOT } from './cgroups.ts';
import { stallOf } from './cgroups-v2.ts';
import type { Machine } from './machine.ts';
import { untilSo } from './until.ts';

/** Looks for processes that were started while the others were put into the freezer. */
const SWEEPS = 10;

/**
 * Control groups version 1, a hierarchy per controller. systemd keeps no freezer there (`systemctl freeze` is refused): a
 * group of ours in its hierarchy takes the processes of the slice.
 */
export class CgroupsV1 implements Cgroups {
  readonly version = 1;
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async inForce(shardID: string): Promise<InForce | undefined> {
    const [quota, period, shares, max, tasks] = await Promise.all([
      this.#read('cpu', shardID, 'cpu.cfs_quota_us'),
      this.#read('cpu', shardID, 'cpu.cfs_period_us'),
      this.#read('cpu', shardID, 'cpu.shares'),
      this.#read('memory', shardID, 'memory.limit_in_bytes'),
      this.#read('pids', shardID, 'pids.max'),
    ]);
    if (quota === undefined && max === undefined) return undefined;
    const [us, per, weight] = [numberOf(quota), numberOf(period), numberOf(shares)];
    const [limit, most] = [numberOf(max), numberOf(tasks)];
    return {
      ...(us && per && us > 0 && { vCPU: Math.round((100 * us) / per) / 100 }),
      // systemd writes a weight of 100 as 1024 shares.
      ...(weight !== undefined && { cpuWeight: Math.round((weight * 100) / 1024) }),
      ...(limit !== undefined && { RAM: Math.round(limit / MIB) }),
      ...(most !== undefined && { tasks: most }),
    };
  }

  memory(shardID: string): Promise<GroupMemory | undefined> {
    return this.#memory(shardID);
  }

  async all(): Promise<GroupMemory | undefined> {
    const seen = await this.#memory(undefined);
    const stalled = stallOf(await this.#machine.read('/proc/pressure/memory'));
    return seen && { ...seen, ...(stalled !== undefined && { stalled }) };
  }

  async freeze(shardID: string, frozen: boolean): Promise<void> {
    const group = `${ROOT}/freezer/${groupPath(shardID)}`;
    const wanted = frozen ? 'FROZEN' : 'THAWED';
    const state = await this.#machine.read(`${group}/freezer.state`);
    if (!frozen && (state === undefined || state.trim() === wanted)) return;
    if (frozen) {
      const running = await this.#processes(`${ROOT}/systemd/${groupPath(shardID)}`);
      if (running.length === 0) return;
      await this.#machine.makeDirectory(group);
    }
    await this.#machine.poke(`${group}/freezer.state`, wanted);
    // What is put into a frozen group stops there; what it has started before is found by the next look.
    if (frozen) await this.#take(shardID, group);
    await untilSo(`${shardID} is ${wanted}`, async () => {
      const seen = await this.#machine.read(`${group}/freezer.state`);
      return seen === undefined || seen.trim() === wanted;
    });
  }

  async #take(shardID: string, group: string): Promise<void> {
    for (let i = 0; i < SWEEPS; i++) {
      const inside = new Set(await this.#processes(group));
      const running = await this.#processes(`${ROOT}/systemd/${groupPath(shardID)}`);
      const outside = running.filter((pid) => !inside.has(pid));
      if (outside.length === 0) return;
      for (const pid of outside) await this.#put(group, pid);
    }
    throw new Error(
      `${shardID}: expected to freeze all of it in ${SWEEPS} looks, it starts processes faster`,
    );
  }

  async #put(group: string, pid: string): Promise<void> {
    try {
      await this.#machine.poke(`${group}/cgroup.procs`, pid);
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Of the group and of those below it: a slice has its services below it. */
  async #processes(path: string): Promise<string[]> {
    const own = (await this.#machine.read(`${path}/cgroup.procs`))?.split('\n').filter(Boolean) ?? [];
    const below = (await this.#machine.list(path)).filter((name) => /\.(service|slice|scope)$/.test(name));
    const more = await Promise.all(below.map((name) => this.#processes(`${path}/${name}`)));
    return [...own, ...more.flat()];
  }

  async #memory(shardID: string | undefined): Promise<GroupMemory | undefined> {
    const [usage, stat, max] = await Promise.all(
      ['memory.usage_in_bytes', 'memory.stat', 'memory.limit_in_bytes'].map((file) =>
        this.#read('memory', shardID, file),
      ),
    );
    const used = numberOf(usage);
    if (used === undefined) return undefined;
    const limit = numberOf(max);
    return {
      used: Math.max(0, used - lineOf(stat, 'total_inactive_file')) / MIB,
      ...(limit !== undefined && { limit: limit / MIB }),
    };
  }

  #read(controller: string, shardID: string | undefined, file: string): Promise<string | undefined> {
    return this.#machine.read(`${ROOT}/${controller}/${groupPath(shardID)}/${file}`);
  }
}
