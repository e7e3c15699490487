import type { VmComponent, VmSettings } from '../settings/vm.ts';
import { HOUR, type Seconds } from '../time.ts';
import { RESOURCES, type VmSize } from './shard.ts';

/** What sizes are rounded up to: a twentieth of a vCPU, 16 MiB of memory, 64 MiB of the disk. */
const STEP: VmSize = { vCPU: 0.05, RAM: 16, storage: 64 };

type Usage = NonNullable<VmComponent['usage']>;
type ByHour = Usage['vCPU']['p95'];

/**
 * The size that a component needs: its highest 0.95 quantile of any hour and a margin, rounded up.
 * @returns undefined where the settings have no usage of the component.
 */
export function proposeSize(component: string, vm: VmSettings): VmSize | undefined {
  const usage = usageOf(component, vm);
  return usage && sizeFor((one) => Math.max(...hours(usage[one].p95)), vm.margin);
}

/**
 * What a component will need from `from` to `to`: for reserves, which are for what is to come and not for what is now.
 * @returns undefined where the settings have no usage of the component.
 */
export function predictedNeed(
  component: string,
  vm: VmSettings,
  from: Seconds,
  to: Seconds,
): VmSize | undefined {
  const usage = usageOf(component, vm);
  if (usage === undefined) return undefined;
  const first = Math.floor(from / HOUR);
  const count = Math.min(24, Math.max(0, Math.floor(to / HOUR) - first) + 1);
  const wanted = Array.from({ length: count }, (_, i) => (((first + i) % 24) + 24) % 24);
  return sizeFor((one) => Math.max(...wanted.map((hour) => hours(usage[one].p95)[hour]!)), vm.margin);
}

/** What it usually uses in the hour of `at`: what it can be shrunk to. */
export function usualUse(component: string, vm: VmSettings, at: Seconds): VmSize | undefined {
  const usage = usageOf(component, vm);
  const hour = ((Math.floor(at / HOUR) % 24) + 24) % 24;
  return usage && sizeFor((one) => hours(usage[one].p50)[hour]!, 0);
}

const usageOf = (component: string, { components }: VmSettings): Usage | undefined =>
  Object.hasOwn(components, component) ? components[component]?.usage : undefined;

const hours = (value: ByHour): readonly number[] =>
  typeof value === 'number' ? Array.from({ length: 24 }, () => value) : value;

function sizeFor(use: (resource: keyof VmSize) => number, margin: number): VmSize {
  const size = { vCPU: 0, RAM: 0, storage: 0 };
  for (const one of RESOURCES) {
    const steps = Math.ceil((use(one) * (1 + margin)) / STEP[one] - 1e-9);
    // At least one step of what nothing runs without.
    size[one] = Math.round(Math.max(one === 'storage' ? 0 : 1, steps) * STEP[one] * 100) / 100;
  }
  return size;
}
