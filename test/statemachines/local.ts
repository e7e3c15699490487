import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { HealthItems } from '../../adapters/aws/health-items.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import { Modes } from '../../adapters/aws/modes.ts';
import { Records } from '../../adapters/aws/records.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK } from '../../adapters/aws/table.ts';
import { pollTargets } from '../../adapters/aws/target-poller.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { Waits } from '../../adapters/aws/waits.ts';
import type { Json } from '../../adapters/local/asl/paths.ts';
import { type Execution, execute, type Happening } from '../../adapters/local/asl/run.ts';
import { TaskTimedOut, Tokens } from '../../adapters/local/asl/tokens.ts';
import type { VirtualClock } from '../../backtest/world/clock.ts';
import type { World } from '../../backtest/world/world.ts';
import type { Event, Ports, ShardStore, TargetHealth } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { FunctionName } from '../../lambdas/environment.ts';
import { loadMachine, type MachineName } from '../../statemachines/machines.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { violations } from '../world/invariants.ts';
import { runStep, type Step } from './steps.ts';

/** What happens to a call instead: `before`: it fails and does nothing. `after`: it does its work, and the answer is lost. */
export type Fault = 'before' | 'after' | undefined;

export class Injected extends Error {
  override readonly name = 'Injected';
}

/** What is physical beneath the machines. */
export interface Ground {
  readonly clock: VirtualClock;
  readonly settings: Settings;
  readonly table: MemoryTable;
  readonly ports: Pick<Ports, 'fleet' | 'loadBalancer' | 'hosts'>;
  /** As the poller sees a group. */
  readonly states: (shard: string) => Promise<ReadonlyMap<string, TargetHealth>>;
  readonly violations: (store: ShardStore) => Promise<readonly string[]>;
}

/** Machines, hosts and load balancer of the simulated world; its own store is not used. */
export function simulated(world: World): Ground {
  const { clock, settings, loadBalancer, hosts, fleet } = world;
  return {
    clock,
    settings,
    table: new MemoryTable(),
    ports: world.ports,
    states: async (shard) =>
      new Map(loadBalancer.targets().flatMap(([of, slice, state]) => (of === shard ? [[slice, state]] : []))),
    violations: (store) => violations({ settings, loadBalancer, hosts, fleet, store } as unknown as World),
  };
}

/**
 * The machines with the real handlers' work, over a store on a table; everything physical and time are of the ground.
 */
export class LocalMachines<W = World> {
  readonly tokens = new Tokens();
  readonly events: Event[] = [];
  readonly calls: Step[] = [];
  readonly history: Happening[] = [];
  readonly started = new Map<string, Promise<Execution>>();
  readonly table: MemoryTable;
  readonly store: DynamoStore;
  readonly ports: Ports;
  /** Asked before each call; `nth` counts the calls of that function from 0. */
  fault: (name: Step, nth: number) => Fault = () => undefined;
  /** Whether the poller that is asked for comes. */
  pollerLives = true;
  planStarts = 0;
  readonly world: W;
  readonly #ground: Ground;
  readonly #parts: Readonly<Record<string, unknown>>;
  readonly #arn = (name: FunctionName) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`;

  constructor(world: W, ground: Ground) {
    this.world = world;
    this.#ground = ground;
    const { clock, table } = ground;
    this.table = table;
    this.store = new DynamoStore(table, clock);
    const events: Ports['events'] = { publish: async (some) => void this.events.push(...some) };
    const workflows: Ports['workflows'] = {
      start: async (flow, name, input) => {
        if (!this.started.has(name)) this.started.set(name, this.run(flow, input, name));
      },
    };
    this.ports = unwiredPorts({
      clock,
      ...ground.ports,
      store: this.store,
      events,
      workflows,
      ...handOverPorts(table),
    });
    const { ports } = this;
    this.#parts = {
      ports,
      records: new Records(table),
      settings: async () => ground.settings,
      modes: new Modes(table),
      waits: new Waits(table),
      leases: new Leases(table),
      loadBalancer: ports.loadBalancer,
      startPoller: async () => this.#poll(),
      routed: async (shard: string) => ground.settings.shards.some(({ name }) => name === shard),
      startPlan: async () => void this.planStarts++,
    };
  }

  run(machine: MachineName, input: unknown, name?: string): Promise<Execution> {
    const { clock } = this.#ground;
    clock.wake();
    const counts = new Map<Step, number>();
    const invoke = (resource: string, payload: Json) => {
      const called = resource.slice(resource.lastIndexOf(':') + 1) as Step;
      const nth = counts.get(called) ?? 0;
      counts.set(called, nth + 1);
      return this.#invoke(called, payload, nth);
    };
    const world = { clock, tokens: this.tokens, invoke };
    return execute(loadMachine(machine, this.#arn), input, world, name).then((execution) => {
      this.history.push(...execution.history);
      return execution;
    });
  }

  /** Goes on second by second until the work is done (and on to `until`), and collects what is violated meanwhile. */
  async watch<T>(work: Promise<T>, until = 0): Promise<{ readonly result: T; readonly found: string[] }> {
    const found: string[] = [];
    const { clock, violations } = this.#ground;
    let done = false;
    void work.finally(() => {
      done = true;
    });
    const end = clock.now() + 3600;
    while (!done || clock.now() < until) {
      if (clock.now() > end) throw new Error(`not done after an hour: ${JSON.stringify(this.history)}`);
      await clock.runUntil(clock.now() + 1);
      for (const one of await violations(this.store)) found.push(`${clock.now()}: ${one}`);
    }
    return { result: await work, found };
  }

  async #invoke(name: Step, payload: Json, nth: number): Promise<unknown> {
    this.calls.push(name);
    const fault = this.fault(name, nth);
    if (fault === 'before') throw new Injected(`${name} failed`);
    const answer = await runStep(name, payload, this.#parts, this.#ground.clock);
    if (fault === 'after') throw new Injected(`the answer of ${name} was lost`);
    return answer;
  }

  #poll(): void {
    if (!this.pollerLives) return;
    const { clock, settings, states, table } = this.#ground;
    clock.wake();
    const parts = {
      clock,
      leases: new Leases(table),
      waits: new Waits(table),
      health: new HealthItems(table),
      shards: async () => settings.shards.map(({ name }) => name),
      states,
      answer: async (token: string, answer: object) => {
        clock.wake();
        try {
          this.tokens.succeed(token, answer as Json);
          return true;
        } catch (error) {
          if (error instanceof TaskTimedOut) return false;
          throw error;
        }
      },
    };
    void pollTargets(parts, crypto.randomUUID(), clock.now() + 840);
  }
}

/** {@link LocalMachines} over a simulated world, with its slices in the table. */
export async function localMachines(world: World): Promise<LocalMachines> {
  const local = new LocalMachines(world, simulated(world));
  for (const { slice, ...item } of await world.store.slices())
    await local.table.put({ pk: PK.slice, sk: slice, ...item });
  return local;
}

/** What executions have come to see of a machine, for the last test of each file. */
export class Coverage {
  readonly #entered = new Set<string>();
  readonly #caught = new Set<string>();

  add({ history }: { readonly history: readonly Happening[] }): void {
    for (const { state, what } of history) {
      if (what === 'entered') this.#entered.add(state);
      if (what === 'caught') this.#caught.add(state);
    }
  }

  /** States that no execution entered, and those with a Catch that none took. */
  missing(name: MachineName): readonly string[] {
    const missing: string[] = [];
    const visit = (machine: ReturnType<typeof loadMachine>, where: string) => {
      for (const [state, { ...of }] of Object.entries(machine.States)) {
        const at = `${where}${state}`;
        if (!this.#entered.has(at)) missing.push(`${at} never entered`);
        if ('Catch' in of && of.Catch !== undefined && !this.#caught.has(at))
          missing.push(`${at} never caught`);
        if (of.Type === 'Map') visit(of.ItemProcessor, `${at}/`);
      }
    };
    visit(
      loadMachine(name, (one) => one),
      '',
    );
    return missing;
  }
}

/** States entered plus one for the start, and retries: what Step Functions charges for. */
export const transitions = ({ history }: Execution) =>
  1 + history.filter(({ what }) => what === 'entered' || what === 'retried').length;
