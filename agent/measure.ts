import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentClock } from './gateway/clock.ts';

/** Of the whole instance, shares of 1. */
export interface Usage {
  /** Since the last look; absent at the first. */
  readonly cpu?: number;
  readonly memory: number;
  /** Of the busiest disk: time in which it had something to do, since the last look. */
  readonly io?: number;
}

interface Sample {
  readonly at: number;
  readonly all: number;
  readonly idle: number;
  /** Milliseconds that each disk was busy since the boot. */
  readonly busy: ReadonlyMap<string, number>;
}

/** What of the instance is in use, from Linux' /proc. */
export class Measure {
  readonly #proc: string;
  readonly #clock: AgentClock;
  #last: Sample | undefined;

  constructor(clock: AgentClock, proc = '/proc') {
    this.#proc = proc;
    this.#clock = clock;
  }

  async look(): Promise<Usage> {
    const [stat, meminfo, diskstats] = await Promise.all(
      ['stat', 'meminfo', 'diskstats'].map((name) => readFile(join(this.#proc, name), 'utf8')),
    );
    const now: Sample = { at: this.#clock.monotonic(), ...cpuOf(stat!), busy: busyOf(diskstats!) };
    const last = this.#last;
    this.#last = now;
    const memory = memoryOf(meminfo!);
    if (last === undefined || now.at <= last.at) return { memory };
    const all = now.all - last.all;
    const disks = [...now.busy].map(([disk, ms]) => ms - (last.busy.get(disk) ?? ms));
    return {
      memory,
      ...(all > 0 && { cpu: share(1 - (now.idle - last.idle) / all) }),
      io: share(Math.max(0, ...disks) / 1000 / (now.at - last.at)),
    };
  }
}

const share = (value: number) => Math.min(1, Math.max(0, value));

/** user nice system idle iowait irq softirq steal; guest time is in user already. */
function cpuOf(stat: string): { all: number; idle: number } {
  const ticks = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(/ +/).slice(0, 8).map(Number) ?? [];
  return {
    all: ticks.reduce((sum, one) => sum + one, 0),
    idle: (ticks[3] ?? 0) + (ticks[4] ?? 0),
  };
}

function memoryOf(meminfo: string): number {
  const of = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const all = of('MemTotal');
  return all > 0 ? share(1 - of('MemAvailable') / all) : 0;
}

/** Whole disks alone: a partition's time is its disk's, too. */
const DISK = /^(?:sd[a-z]+|x?vd[a-z]+|nvme\d+n\d+)$/;

function busyOf(diskstats: string): Map<string, number> {
  const rows = diskstats.split('\n').map((line) => line.trim().split(/ +/));
  return new Map(rows.flatMap(([, , name = '', ...n]) => (DISK.test(name) ? [[name, Number(n[9])]] : [])));
}
