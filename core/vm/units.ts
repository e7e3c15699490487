import type { VmSettings } from '../settings/vm.ts';
import { ALL_SLICE, componentUnit, directoryOf, sliceUnit } from './escape.ts';
import type { VmInstance, VmShard, VmSize } from './shard.ts';

/** A file of configuration, and what is in it. */
export interface UnitFile {
  /** Below /etc/systemd/system. */
  readonly path: string;
  readonly text: string;
}

/** Above this share of its memory the kernel slows a shard down and takes back what it can, before it kills. */
const HIGH = 0.95;
/** Processes and threads for each vCPU, and at least. */
const TASKS_PER_VCPU = 2048;
const LEAST_TASKS = 256;
/** Limits of one slice, by the names of systemd's properties. The same for its file and for `systemctl set-property`. */
export type Properties = Readonly<Record<string, string>>;

/**
 * Limits of a VM shard. `CPUQuota` is what it gets at most, `CPUWeight` its part where vCPUs are short: as the sum of all
 * declared parts is at most the machine, each gets what is declared. `MemoryHigh` needs control groups version 2;
 * version 1 has only the hard limit.
 * @param shrunk memory (MiB) that it is pushed down to under pressure
 */
export function propertiesOf(
  shard: VmShard,
  vm: VmInstance,
  settings: VmSettings,
  shrunk?: number,
): Properties {
  const high = Math.min(shrunk ?? Number.POSITIVE_INFINITY, Math.floor(shard.RAM * HIGH));
  return {
    CPUQuota: `${percent(shard.vCPU)}%`,
    CPUWeight: `${weightOf(shard, vm.size)}`,
    MemoryHigh: `${high}M`,
    MemoryMax: `${shard.RAM}M`,
    TasksMax: `${Math.max(LEAST_TASKS, Math.ceil(shard.vCPU * TASKS_PER_VCPU))}`,
    IOWeight: `${weightOf(shard, vm.size)}`,
    ...diskLimits(shard, vm.size, settings),
  };
}

/** Weight under contention: what is declared, in thousandths of the VM. */
export const weightOf = ({ vCPU }: VmSize, size: VmSize) =>
  Math.min(10_000, Math.max(1, Math.round((1000 * vCPU) / size.vCPU)));

/** Its part of the disk's throughput, where the settings say what that is. */
function diskLimits({ vCPU }: VmSize, size: VmSize, { disk }: VmSettings): Properties {
  if (disk === undefined) return {};
  const limit = (mibps: number) => `/ ${Math.max(1, Math.round((mibps * 1_048_576 * vCPU) / size.vCPU))}`;
  return { IOReadBandwidthMax: limit(disk.readMiBps), IOWriteBandwidthMax: limit(disk.writeMiBps) };
}

/** Limits of all VM shards together: what is left to them by the system. */
export function allProperties({ size }: VmInstance, { system }: VmSettings): Properties {
  return {
    CPUQuota: `${percent(Math.max(0.05, size.vCPU - system.vCPU))}%`,
    MemoryMax: `${Math.max(16, Math.floor(size.RAM - system.RAM))}M`,
  };
}

const percent = (vCPU: number) => Math.max(1, Math.round(vCPU * 100));

/** The files of an instance: the slice of all VM shards, one of each, and where each component's unit runs. */
export function unitFiles(vm: VmInstance, settings: VmSettings): readonly UnitFile[] {
  const all = sliceFile(ALL_SLICE, 'VM shards', allProperties(vm, settings));
  return [all, ...vm.shards.flatMap((shard) => shardFiles(shard, vm, settings))];
}

/** @param shrunk as of {@link propertiesOf} */
export function shardFiles(
  shard: VmShard,
  vm: VmInstance,
  settings: VmSettings,
  shrunk?: number,
): readonly UnitFile[] {
  const { shardID, applicationComponent: component } = shard;
  const slice = sliceUnit(shardID);
  const files = [sliceFile(slice, `VM shard ${shardID}`, propertiesOf(shard, vm, settings, shrunk))];
  const unit = settings.components[component]?.unit;
  if (unit === undefined) return files;
  const lines = [
    MADE,
    '[Service]',
    `Slice=${quoted(slice)}`,
    `Environment=FORESHARD_VM_SHARD=${shardID}`,
    `Environment=FORESHARD_PORT=${shard.port}`,
    ...(shard.storage > 0 ? [`Environment=FORESHARD_DIRECTORY=${directoryOf(shardID)}`] : []),
  ];
  return [
    ...files,
    { path: `${componentUnit(unit, shardID)}.d/50-foreshard.conf`, text: `${lines.join('\n')}\n` },
  ];
}

const MADE = '# Made by the Foreshard agent; changes are overwritten.';

function sliceFile(path: string, about: string, properties: Properties): UnitFile {
  const limits = Object.entries(properties).map(([key, value]) => `${key}=${value}`);
  const accounting = ['CPUAccounting=yes', 'MemoryAccounting=yes', 'IOAccounting=yes', 'TasksAccounting=yes'];
  const text = [MADE, '[Unit]', `Description=Foreshard: ${about}`, '[Slice]', ...accounting, ...limits];
  return { path, text: `${text.join('\n')}\n` };
}

// In a value, `%` begins a specifier; a backslash is taken as it is in a unit's name.
const quoted = (value: string) => value.replaceAll('%', '%%');
