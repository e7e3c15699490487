import { Modes } from '../../../adapters/aws/modes.ts';
import { Records } from '../../../adapters/aws/records.ts';
import type { Table } from '../../../adapters/aws/table.ts';
import { type Execution, execute } from '../../../adapters/local/asl/run.ts';
import { Tokens } from '../../../adapters/local/asl/tokens.ts';
import type { Ports } from '../../../core/ports.ts';
import type { Settings } from '../../../core/settings/schema.ts';
import type { FunctionName } from '../../../lambdas/environment.ts';
import { loadMachine, type MachineName } from '../../../statemachines/machines.ts';
import { runStep, type Step } from '../../statemachines/steps.ts';

/** Runs a state machine as it is deployed, each task by the work of its real handler, on the machine's clock. */
export function machinesOf(ports: Ports, table: Table, settings: Settings) {
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
  const tokens = new Tokens();
  return {
    run: (machine: MachineName, input: unknown, name?: string): Promise<Execution> =>
      execute(
        loadMachine(machine, arn),
        input,
        {
          clock,
          tokens,
          invoke: (resource, payload) =>
            runStep(resource.slice(resource.lastIndexOf(':') + 1) as Step, payload, parts, clock),
        },
        name,
      ),
  };
}
