import type { Agents } from '../../core/hand-over/agents.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from './clock.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Seconds for which an address is believed; an instance keeps its own for its life. */
const KEPT: Seconds = 60;
/** One that was not found, or did not answer, is asked for again after this. */
const AGAIN: Seconds = 0.5;
/** Addresses that are remembered; instances come and go. */
const MOST = 10_000;

/** Where the gateways of other slices listen, as their agents say. */
export class Peers {
  readonly #agents: Pick<Agents, 'get'>;
  readonly #clock: AgentClock;
  readonly #known = new Map<
    string,
    { readonly at: Seconds; readonly address: Promise<Address | undefined> }
  >();
  readonly #wrong = new Set<string>();

  constructor(agents: Pick<Agents, 'get'>, clock: AgentClock) {
    this.#agents = agents;
    this.#clock = clock;
  }

  /** Undefined: no agent speaks for the slice. @throws what the table throws */
  async of(slice: string): Promise<Address | undefined> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(slice);
    if (known !== undefined && now - known.at < (this.#wrong.has(slice) ? AGAIN : KEPT)) return known.address;
    this.#wrong.delete(slice);
    if (this.#known.size >= MOST) this.#known.clear();
    const address = this.#ask(slice);
    this.#known.set(slice, { at: now, address });
    try {
      const found = await address;
      if (found === undefined) this.#wrong.add(slice);
      return found;
    } catch (error) {
      this.#known.delete(slice);
      throw error;
    }
  }

  /** Nothing answers there. */
  wrong(slice: string): void {
    this.#wrong.add(slice);
  }

  async #ask(slice: string): Promise<Address | undefined> {
    const { instance, port } = parseSliceId(slice);
    const agent = await this.#agents.get(instance);
    if (agent === undefined) return undefined;
    return { host: agent.address, port: agent.slices.find((one) => one.slice === slice)?.port ?? port };
  }
}
