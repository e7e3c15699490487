import type { Settings } from '../settings/schema.ts';
import { FIRST_PORT } from '../shards/slice.ts';
import type { Seconds } from '../time.ts';
import { proposeSize } from './propose.ts';
import { VmChanged, type VmProblem, VmRefused } from './refused.ts';
import {
  type InterruptibilityPolicy,
  RESOURCES,
  type VmInstance,
  type VmShard,
  type VmShardConfig,
  type VmShardRequest,
  type VmSize,
} from './shard.ts';
import { freeOf } from './size.ts';

export interface Allocation {
  readonly instanceID: string;
  readonly shards: readonly VmShardRequest[];
  /** Of the whole VM. */
  readonly size: VmSize;
  /** @default what the instance has */
  readonly policy?: InterruptibilityPolicy | undefined;
  /** Version of the instance's VM shards that was seen. @default any */
  readonly version?: number | undefined;
}

/**
 * Divides an instance, or takes more parts of it: all of what is asked for, or nothing. What is there already under the
 * same name and with the same size stays as it is, so that a repeat changes nothing.
 * @param vm what the instance has; undefined: it is not divided yet
 * @throws {VmRefused} with everything that does not fit or is not right, with its numbers.
 * @throws {VmChanged} when another version was seen.
 */
export function allocate(
  vm: VmInstance | undefined,
  asked: Allocation,
  defaults: InterruptibilityPolicy,
  settings: Pick<Settings, 'vm'>,
  at: Seconds,
): VmInstance {
  if (vm !== undefined) checkVersion(vm, asked.version);
  const before = vm?.shards ?? [];
  const version = (vm?.version ?? 0) + 1;
  const problems: VmProblem[] = [];
  const shards: VmShard[] = [...before];
  for (const [i, request] of asked.shards.entries()) {
    const field = `shards[${i}]`;
    const config = complete(request, field, settings, problems);
    if (config === undefined) continue;
    const twin = asked.shards.findIndex(({ shardID }) => shardID === request.shardID);
    if (twin < i)
      problems.push({
        field: `${field}.shardID`,
        bound: `a name that shards[${twin}] does not have`,
        value: request.shardID,
      });
    const there = before.find(({ shardID }) => shardID === request.shardID);
    if (there !== undefined) problems.push(...differences(there, config, field));
    if (there !== undefined || twin < i) continue;
    problems.push(
      ...tooLarge(config, freeOf(asked.size, settings.vm.system, shards), asked, field, settings),
    );
    shards.push({ ...config, port: freePort(shards), state: 'running', since: at, version });
  }
  const most = settings.vm.maxPerInstance;
  if (shards.length > most)
    problems.push({
      field: 'shards',
      bound: `at most ${most} VM shards on an instance (vm.maxPerInstance), those that it has included`,
      value: `${shards.length}`,
    });
  if (problems.length > 0) throw new VmRefused(problems);
  const policy = asked.policy ?? vm?.overallInterruptibilityPolicy ?? defaults;
  const same = vm !== undefined && shards.length === before.length && asked.policy === undefined;
  if (same) return vm;
  return {
    instanceID: asked.instanceID,
    shards,
    overallInterruptibilityPolicy: policy,
    size: asked.size,
    version,
  };
}

/** @throws {VmChanged} when another version was seen than the one that is there. */
export function checkVersion({ instanceID, version }: VmInstance, seen: number | undefined): void {
  if (seen !== undefined && seen !== version)
    throw new VmChanged(`version of ${instanceID}: expected ${version}, got ${seen}`);
}

/** Fills in what is left out from the component's profile. */
function complete(
  request: VmShardRequest,
  field: string,
  { vm }: Pick<Settings, 'vm'>,
  problems: VmProblem[],
): VmShardConfig | undefined {
  const { applicationComponent: component } = request;
  if (!Object.hasOwn(vm.components, component)) {
    const known = Object.keys(vm.components).join(', ') || 'none';
    problems.push({
      field: `${field}.applicationComponent`,
      bound: `one of vm.components (${known})`,
      value: component,
    });
    return undefined;
  }
  const proposed = proposeSize(component, vm);
  const size = { vCPU: 0, RAM: 0, storage: 0 };
  for (const one of RESOURCES) {
    const value = request[one] ?? proposed?.[one];
    if (value !== undefined) {
      size[one] = value;
      continue;
    }
    const bound = `a value, because vm.components.${component} has no usage to propose one from`;
    problems.push({ field: `${field}.${one}`, bound, value: 'nothing' });
    return undefined;
  }
  const { shardID, priority } = request;
  return { shardID, ...size, priority, applicationComponent: component };
}

function differences(there: VmShard, config: VmShardConfig, field: string): VmProblem[] {
  return (['vCPU', 'RAM', 'storage', 'priority', 'applicationComponent'] as const)
    .filter((key) => there[key] !== config[key])
    .map((key) => ({
      field: `${field}.${key}`,
      bound: `${there[key]}, which ${there.shardID} has already (resize changes it)`,
      value: `${config[key]}`,
    }));
}

/** What of a size is more than is free, with the numbers. */
export function tooLarge(
  wanted: VmSize,
  free: VmSize,
  { instanceID, size }: { readonly instanceID: string; readonly size: VmSize },
  field: string,
  { vm }: Pick<Settings, 'vm'>,
): VmProblem[] {
  return RESOURCES.filter((one) => wanted[one] > free[one] + 1e-9).map((one) => ({
    field: `${field}.${one}`,
    bound: `at most ${free[one]}${UNIT[one]}, free of ${size[one]} on ${instanceID} (${vm.system[one]} are the system's)`,
    value: `${wanted[one]}`,
  }));
}

const UNIT: Readonly<Record<keyof VmSize, string>> = { vCPU: '', RAM: ' MiB', storage: ' MiB' };

function freePort(shards: readonly VmShard[]): number {
  const taken = new Set(shards.map(({ port }) => port));
  let port = FIRST_PORT;
  while (taken.has(port)) port += 1;
  return port;
}
