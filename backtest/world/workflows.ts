import type { Event, Events, Workflows } from '../../core/ports.ts';
import type { VirtualClock } from './clock.ts';

export type FlowName = Parameters<Workflows['start']>[0];

/** What a flow came to. */
export interface Ended {
  readonly flow: FlowName | 'signal';
  readonly name: string;
  readonly result?: unknown;
  /** What it threw. */
  readonly error?: Error;
}

/** Runs flows in virtual time, each name once. What a flow throws goes to `ended`, as an engine would record it. */
export class SimWorkflows implements Workflows {
  /** Flows by name; set before the first start. */
  readonly handlers = new Map<FlowName, (input: unknown) => Promise<unknown>>();
  /** Told of each flow that has ended. */
  ended: (ended: Ended) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #started = new Set<string>();
  #running = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get running(): number {
    return this.#running;
  }

  async start(flow: FlowName, name: string, input: unknown): Promise<void> {
    const handler = this.handlers.get(flow);
    if (handler === undefined) throw new Error(`no flow ${flow} in this world`);
    if (this.#started.has(`${flow} ${name}`)) return;
    this.#started.add(`${flow} ${name}`);
    this.run(flow, name, () => handler(input));
  }

  /** Runs work that a signal asked for (an instance came, went, or got notice). */
  run(flow: Ended['flow'], name: string, work: () => Promise<unknown>): void {
    this.#running++;
    this.#clock.wake();
    const end = (outcome: Pick<Ended, 'result' | 'error'>) => {
      this.#running--;
      this.ended({ flow, name, ...outcome });
    };
    work().then(
      (result) => end({ result }),
      (error: unknown) => end({ error: error instanceof Error ? error : new Error(String(error)) }),
    );
  }
}

/** The bus: everything published, handed to one listener. */
export class SimEvents implements Events {
  listener: (event: Event) => void = () => {};

  async publish(events: readonly Event[]): Promise<void> {
    for (const event of events) this.listener(event);
  }
}
