import type { Table } from '../../adapters/aws/table.ts';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { AgentClock } from '../gateway/clock.ts';
import type { Log } from '../log.ts';
import { cgroupsOf } from './cgroups-of.ts';
import { runVmAgent } from './loop.ts';
import { thisMachine } from './machine.ts';
import { VmAgent } from './vm-agent.ts';

/** Keeps the VM shards of this machine until the signal ends it; the limits stay in force then. */
export async function keepVmShards(parts: {
  readonly instance: string;
  readonly table: Table;
  readonly settings: () => Promise<Settings>;
  readonly clock: AgentClock;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { instance, settings, clock, log, signal } = parts;
  const machine = thisMachine;
  const agent = new VmAgent({
    instance,
    settings,
    vms: new VmItems(parts.table),
    machine,
    cgroups: await cgroupsOf(machine),
    now: clock.now,
    log,
  });
  await runVmAgent(agent, clock, log, signal);
}
