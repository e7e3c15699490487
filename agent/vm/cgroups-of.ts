import { type Cgroups, cgroupVersion } from './cgroups.ts';
import { CgroupsV1 } from './cgroups-v1.ts';
import { CgroupsV2 } from './cgroups-v2.ts';
import type { Machine } from './machine.ts';

/** The control groups of a machine, whichever version enforces its limits. */
export async function cgroupsOf(machine: Machine): Promise<Cgroups> {
  return (await cgroupVersion(machine)) === 2 ? new CgroupsV2(machine) : new CgroupsV1(machine);
}
