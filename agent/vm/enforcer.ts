import type { VmSettings } from '../../core/settings/vm.ts';
import { ALL_SLICE, componentUnit, sliceUnit } from '../../core/vm/escape.ts';
import type { InForce } from '../../core/vm/report.ts';
import type { PressureStep, VmInstance, VmShard } from '../../core/vm/shard.ts';
import { allProperties, type Properties, propertiesOf, unitFiles } from '../../core/vm/units.ts';
import type { Cgroups } from './cgroups.ts';
import { Disks } from './disks.ts';
import type { Machine } from './machine.ts';

const UNITS = '/etc/systemd/system';
/** Seconds until what runs in a VM shard has to have stopped; then it is killed. */
const STOP = 30;

/** What was put on the machine for a VM shard: enough to take it away again. */
export interface Placed {
  readonly shardID: string;
  readonly port: number;
  /** Unit of its component. */
  readonly unit: string;
}

/** How a VM shard is to be on this machine. */
export interface Target {
  readonly shard: VmShard;
  readonly vm: VmInstance;
  /** Steps taken under pressure, in order. */
  readonly steps: readonly PressureStep[];
  /** MiB that it is shrunk to, if it is. */
  readonly shrunkTo: number;
}

/**
 * Puts VM shards on the machine as they are to be: unit files for the next boot, live limits for now, disk, component.
 * Everything may be repeated, and is made from what is there: an agent that was killed half-way goes on.
 */
export class Enforcer {
  readonly #machine: Machine;
  readonly #cgroups: Cgroups;
  readonly #disks: Disks;
  /** Live limits as they were set last, per slice: setting them again would cost a call each time. */
  readonly #live = new Map<string, string>();
  /** MiB of each disk, and what was asked for. */
  readonly #disk = new Map<string, { readonly storage: number; readonly asked: number }>();

  constructor(machine: Machine, cgroups: Cgroups) {
    this.#machine = machine;
    this.#cgroups = cgroups;
    this.#disks = new Disks(machine);
  }

  /** Files of all VM shards. Live limits follow with {@link place}. */
  async files(vm: VmInstance, settings: VmSettings): Promise<void> {
    let changed = false;
    for (const { path, text } of unitFiles(vm, settings)) {
      if ((await this.#machine.read(`${UNITS}/${path}`)) === text) continue;
      await this.#machine.write(`${UNITS}/${path}`, text);
      changed = true;
    }
    if (changed) await this.#machine.run('systemctl', ['daemon-reload']);
    await this.#limit(ALL_SLICE, allProperties(vm, settings));
  }

  /** Brings one VM shard to where it is to be: its disk, its limits, its component running, frozen or stopped. */
  async place({ shard, vm, steps, shrunkTo }: Target, placed: Placed, settings: VmSettings): Promise<void> {
    const { shardID, storage } = shard;
    const shrunk = steps.includes('shrink') && !steps.includes('evict') ? shrunkTo : undefined;
    if (this.#disk.get(shardID)?.asked !== storage)
      this.#disk.set(shardID, { storage: await this.#disks.ensure(shard), asked: storage });
    await this.#limit(sliceUnit(shardID), propertiesOf(shard, vm, settings, shrunk));
    if (steps.includes('evict')) return this.#stop(placed);
    const frozen = shard.state === 'frozen' || steps.includes('freeze');
    if (frozen) return this.#cgroups.freeze(shardID, true);
    await this.#cgroups.freeze(shardID, false);
    if (!(await this.component(placed)).isRunning) await this.#start(placed);
  }

  /** Takes everything of a VM shard away, its disk included. */
  async remove(placed: Placed): Promise<void> {
    const { shardID, unit } = placed;
    await this.#stop(placed);
    await this.#machine.run('systemctl', ['stop', sliceUnit(shardID)]);
    await this.#disks.remove(shardID);
    await this.#machine.remove(`${UNITS}/${unit}.d`);
    await this.#machine.remove(`${UNITS}/${sliceUnit(shardID)}`);
    // What set-property wrote for this boot.
    await this.#machine.remove(`/run/systemd/system.control/${sliceUnit(shardID)}.d`);
    await this.#machine.run('systemctl', ['daemon-reload']);
    this.#live.delete(sliceUnit(shardID));
    this.#disk.delete(shardID);
  }

  /** Limits as the machine has them now. */
  async inForce(shardID: string): Promise<InForce | undefined> {
    const seen = await this.#cgroups.inForce(shardID);
    const storage = this.#disk.get(shardID)?.storage;
    return seen && { ...seen, ...(storage && { storage }) };
  }

  /** How its component is, as systemd has it. */
  async component({ unit }: Placed): Promise<{ readonly isRunning: boolean; readonly restarts: number }> {
    const shown = await this.#machine.run('systemctl', ['show', '-p', 'ActiveState,NRestarts', unit]);
    const of = (property: string) => new RegExp(`^${property}=(.*)$`, 'm').exec(shown)?.[1];
    const isRunning = ['active', 'activating', 'reloading'].includes(of('ActiveState') ?? '');
    return { isRunning, restarts: Number(of('NRestarts') ?? 0) };
  }

  async #start({ unit, shardID }: Placed): Promise<void> {
    await this.#machine.run('systemctl', ['start', sliceUnit(shardID)]);
    // One that failed too often is not started again by itself.
    await this.#machine.run('systemctl', ['reset-failed', unit]).catch(() => {});
    await this.#machine.run('systemctl', ['start', '--no-block', unit]);
  }

  async #stop({ unit, shardID }: Placed): Promise<void> {
    // What is frozen does not hear that it should stop.
    await this.#cgroups.freeze(shardID, false);
    try {
      await this.#machine.run('systemctl', ['stop', unit], STOP);
    } catch {
      await this.#machine.run('systemctl', ['kill', '--signal=SIGKILL', unit]);
      await this.#machine.run('systemctl', ['stop', unit], STOP);
    }
  }

  async #limit(slice: string, properties: Properties): Promise<void> {
    const all = Object.entries(properties).map(([key, value]) => `${key}=${value}`);
    if (this.#live.get(slice) === all.join()) return;
    await this.#machine.run('systemctl', ['start', slice]);
    await this.#machine.run('systemctl', ['set-property', '--runtime', slice, ...all]);
    this.#live.set(slice, all.join());
  }
}

/** @throws {RangeError} when the settings do not have its component (any more). */
export function placedOf(shard: VmShard, { components }: VmSettings): Placed {
  const { applicationComponent: component, shardID, port } = shard;
  const template = Object.hasOwn(components, component) ? components[component]?.unit : undefined;
  if (template === undefined) {
    const known = Object.keys(components).join(', ') || 'none';
    throw new RangeError(`vm.components: expected ${component} among them for ${shardID}, got ${known}`);
  }
  return { shardID, port, unit: componentUnit(template, shardID) };
}
