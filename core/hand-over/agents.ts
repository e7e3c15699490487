import type { Seconds } from '../time.ts';

/** What an agent says of one slice of its instance. */
export interface AgentSlice {
  readonly slice: string;
  /** The shard whose environment is active. */
  readonly shard?: string;
  /** Port of the gateway, where other agents forward requests to. */
  readonly port: number;
  readonly stateBytes: number;
  readonly dirtyBytesPerSecond: number;
  /** Measured by the agent or told by the application: cpu, memory (shares of 1), io, inFlight, sessions. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What an agent says of itself with every beat. */
export interface AgentState {
  readonly instance: string;
  /** Of the agent's process: a restarted one holds nothing. */
  readonly bootId: string;
  /** Private address that other agents reach it at. */
  readonly address: string;
  /** Port where it takes state over. */
  readonly transferPort: number;
  readonly at: Seconds;
  /** It serves its slots until then at most. */
  readonly leaseUntil: Seconds;
  readonly slices: readonly AgentSlice[];
  /** From the instance metadata. */
  readonly rebalanceAt?: Seconds;
  readonly noticeAt?: Seconds;
  readonly deadline?: Seconds;
}

/** What the control plane wants of an agent; read with every beat. */
export interface AgentOrders {
  /** Per slice of the instance: the slice that is held for it, should Spot take the instance. */
  readonly reserves: Readonly<Record<string, string>>;
  /** Per slice: id of the hand-over that it has to carry out as the source. */
  readonly handOvers: Readonly<Record<string, string>>;
}

export interface Agents {
  /** Writes the state, renews the lease, and reads the orders: one write. */
  beat(state: AgentState): Promise<AgentOrders>;
  get(instance: string): Promise<AgentState | undefined>;
  list(): Promise<readonly AgentState[]>;
  /** Orders for one slice; `null` takes an order back. Works before the agent's first beat. */
  order(
    slice: string,
    order: { readonly reserve?: string | null; readonly handOver?: string | null },
  ): Promise<void>;
}
