import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { HealthItems } from '../../adapters/aws/health-items.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { Records } from '../../adapters/aws/records.ts';
import { PK } from '../../adapters/aws/table.ts';
import { pollTargets } from '../../adapters/aws/target-poller.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { Waits } from '../../adapters/aws/waits.ts';
import type { Json } from '../../adapters/local/asl/paths.ts';
import { type Execution, execute } from '../../adapters/local/asl/run.ts';
import { TaskTimedOut, Tokens } from '../../adapters/local/asl/tokens.ts';
import type { Parts as ActivateSlice } from '../../lambdas/activate-slice/handler.ts';
import type { Parts as AwaitTarget } from '../../lambdas/await-target/handler.ts';
import type { Parts as ClaimSlice } from '../../lambdas/claim-slice/handler.ts';
import type { Parts as CommitMove } from '../../lambdas/commit-move/handler.ts';
import type { FunctionName } from '../../lambdas/environment.ts';
import type { Parts as EvacuateSlice } from '../../lambdas/evacuate-slice/handler.ts';
import type { Parts as FinishEvacuation } from '../../lambdas/finish-evacuation/handler.ts';
import type { Parts as NoteInterruption } from '../../lambdas/note-interruption/handler.ts';
import type { Parts as UndoMove } from '../../lambdas/undo-move/handler.ts';
import { loadMachine, type MachineName } from '../../statemachines/machines.ts';
import { runStep, type Step } from '../../test/statemachines/steps.ts';
import type { Stage } from './stage.ts';
import { invoked } from './usage.ts';

/** What all of them need: one that asks for more does not compile here. */
type Parts = ActivateSlice &
  AwaitTarget &
  ClaimSlice &
  CommitMove &
  EvacuateSlice &
  FinishEvacuation &
  NoteInterruption &
  UndoMove;

/**
 * Machines and poller with the handlers' own work over a stage, every invocation and transition counted in its usage,
 * with the time that it waited. Computing is added by the caller, as an average of the whole run: flows that run side
 * by side in virtual time cannot be told apart on a real clock.
 */
export class Machines {
  readonly #stage: Stage;
  readonly #tokens = new Tokens();
  readonly #memory: (name: FunctionName) => number;
  readonly #parts: Parts;
  readonly #latency: number;
  readonly outcomes = new Map<string, number>();
  invocations = 0;
  pollerSeconds = 0;

  constructor(stage: Stage, memory: (name: FunctionName) => number, latency: number) {
    this.#stage = stage;
    this.#memory = memory;
    this.#latency = latency;
    const { clock, table, loadBalancer, hosts, store, events, settings, counting } = stage;
    this.#parts = {
      ports: unwiredPorts({
        clock,
        store,
        loadBalancer,
        hosts,
        events,
        fleet: stage.fleet(),
        ...handOverPorts(table),
      }),
      modes: new Modes(table),
      records: new Records(table),
      settings: async () => {
        counting.usage.add('s3Gets', 1);
        await this.#wait();
        return settings;
      },
      waits: new Waits(table),
      leases: new Leases(table),
      loadBalancer,
      startPoller: async () => {
        await this.#wait();
        void this.poll();
      },
      startPlan: () => this.#wait(),
      routed: async (shard) => (await table.get(PK.route, shard))?.targetGroup !== undefined,
    };
  }

  /** Runs a machine to its end; what it says came of it is counted in `outcomes`. */
  async run(machine: MachineName, input: unknown, name: string): Promise<Execution> {
    const { clock, counting } = this.#stage;
    clock.wake();
    const arn = (one: FunctionName) => `arn:aws:lambda:us-east-1:000000000000:function:${one}`;
    const invoke = (resource: string, payload: Json) =>
      this.#invoke(resource.slice(resource.lastIndexOf(':') + 1) as Step, payload);
    const world = { clock, tokens: this.#tokens, invoke };
    const execution = await execute(loadMachine(machine, arn), input, world, name);
    // Each step, each retry, and the start, to be on the safe side.
    const entered = execution.history.filter(({ what }) => what === 'entered' || what === 'retried').length;
    counting.usage.add('stateTransitions', entered + 1);
    const { outcome } = (execution.status === 'SUCCEEDED' ? execution.output : {}) as { outcome?: string };
    const said = outcome ?? execution.status;
    this.outcomes.set(said, (this.outcomes.get(said) ?? 0) + 1);
    return execution;
  }

  async #invoke(name: Step, payload: Json): Promise<unknown> {
    const { clock, counting } = this.#stage;
    const from = clock.now();
    const answer = await runStep(name, payload, this.#parts, clock);
    invoked(counting.usage, { memory: this.#memory(name), waited: clock.now() - from, computed: 0 });
    this.invocations++;
    return answer;
  }

  /** One invocation of `poll-targets`. */
  async poll(): Promise<void> {
    const { clock, settings, table, loadBalancer, counting } = this.#stage;
    clock.wake();
    const from = clock.now();
    const parts = {
      clock,
      leases: new Leases(table),
      waits: new Waits(table),
      health: new HealthItems(table),
      shards: async () => {
        await table.query(PK.route);
        return settings.shards.map(({ name }) => name);
      },
      states: (shard: string) => loadBalancer.states(shard),
      answer: async (token: string, answer: object) => {
        await this.#wait();
        clock.wake();
        try {
          this.#tokens.succeed(token, answer as Json);
          return true;
        } catch (error) {
          if (error instanceof TaskTimedOut) return false;
          throw error;
        }
      },
    };
    await pollTargets(parts, crypto.randomUUID(), clock.now() + 840);
    this.pollerSeconds += clock.now() - from;
    invoked(counting.usage, {
      memory: this.#memory('poll-targets'),
      waited: clock.now() - from,
      computed: 0,
    });
    this.invocations++;
  }

  #wait(): Promise<void> {
    const { clock } = this.#stage;
    return clock.sleepUntil(clock.now() + this.#latency);
  }
}
