import { Modes } from '../../../adapters/aws/modes.ts';
import { Records } from '../../../adapters/aws/records.ts';
import type { Table } from '../../../adapters/aws/table.ts';
import { VmItems } from '../../../adapters/aws/vm-items.ts';
import type { Json } from '../../../adapters/local/asl/paths.ts';
import { type Execution, execute } from '../../../adapters/local/asl/run.ts';
import { Tokens } from '../../../adapters/local/asl/tokens.ts';
import type { Failure } from '../../../core/failure.ts';
import type { Ports } from '../../../core/ports.ts';
import type { Settings } from '../../../core/settings/schema.ts';
import { keepSlots, type SlotsKept } from '../../../flows/slots.ts';
import { VmFlows } from '../../../flows/vm.ts';
import { settleVms } from '../../../flows/vm-settle.ts';
import type { FunctionName } from '../../../lambdas/environment.ts';
import { loadMachine, type MachineName } from '../../../statemachines/machines.ts';
import { runStep, type Step } from '../../statemachines/steps.ts';

/** Runs state machines as they are deployed, each task by the work of its real handler, on the machine's clock. */
export function machinesOf(wired: Omit<Ports, 'workflows'>, table: Table, settings: Settings) {
  const started = new Map<string, Promise<Execution>>();
  const ports: Ports = {
    ...wired,
    workflows: {
      start: async (flow, name, input) => {
        if (!started.has(name)) started.set(name, run(flow, input, name));
      },
    },
  };
  const arn = (name: FunctionName) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  const parts = {
    ports,
    records: new Records(table),
    settings: async () => settings,
    modes: new Modes(table),
    loadBalancer: ports.loadBalancer,
    routed: async (shard: string) => settings.shards.some(({ name }) => name === shard),
    // The plan would start another instance; there is none.
    startPlan: async () => {},
  };
  const { clock } = ports;
  const vms = new VmItems(table);
  const tokens = new Tokens();
  const run = (machine: MachineName, input: unknown, name?: string): Promise<Execution> => {
    const invoke = (resource: string, payload: Json) =>
      runStep(resource.slice(resource.lastIndexOf(':') + 1) as Step, payload, parts, clock);
    return execute(loadMachine(machine, arn), input, { clock, tokens, invoke }, name);
  };
  return {
    run,
    /** VM shards as the API has them. */
    vms: new VmFlows({ ports, vms, settings }),
    /** The slots' part of the tick. */
    keepSlots: (): Promise<SlotsKept> => keepSlots(ports, settings, {}),
    /** The VM shards' part of the tick. */
    settleVms: async (): Promise<readonly Failure[]> => {
      const given = { instances: await ports.fleet.list(), risks: [], mayTouch: () => true };
      return settleVms({ ports, vms, settings }, await vms.list(), given);
    },
  };
}
