import type { AgentOrders, AgentState, Agents } from '../../../core/hand-over/agents.ts';
import { parseSliceId, sliceId } from '../../../core/shards/slice.ts';
import { DAY } from '../../../core/time.ts';
import { type Item, PK, type Table } from '../table.ts';

/**
 * {@link Agents} on the table: an item per instance. The agent writes `state` and `leaseUntil`, the control plane
 * `reserve<port>` and `handOver<port>`; neither overwrites the other's, and a beat reads the orders with its own write.
 */
export class TableAgents implements Agents {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async beat(state: AgentState): Promise<AgentOrders> {
    const ttl = Math.ceil(state.leaseUntil + DAY);
    const { item } = await this.#table.update(PK.agent, state.instance, {
      set: { state, leaseUntil: state.leaseUntil, ttl },
    });
    return { reserves: ordersOf(item, 'reserve'), handOvers: ordersOf(item, 'handOver') };
  }

  async get(instance: string): Promise<AgentState | undefined> {
    return stateOf(await this.#table.get(PK.agent, instance));
  }

  async list(): Promise<readonly AgentState[]> {
    return (await this.#table.query(PK.agent)).flatMap((item) => stateOf(item) ?? []);
  }

  async order(
    slice: string,
    order: { readonly reserve?: string | null; readonly handOver?: string | null },
  ): Promise<void> {
    const { instance, port } = parseSliceId(slice);
    const set: Record<string, string> = {};
    const remove: string[] = [];
    for (const kind of KINDS) {
      const value = order[kind];
      if (value === null) remove.push(`${kind}${port}`);
      else if (value !== undefined) set[`${kind}${port}`] = value;
    }
    if (Object.keys(set).length + remove.length === 0) return;
    await this.#table.update(PK.agent, instance, { set, remove });
  }
}

const KINDS = ['reserve', 'handOver'] as const;

/** An item of orders alone says nothing of an agent. */
const stateOf = (item: Item | undefined) => item?.state as AgentState | undefined;

function ordersOf(item: Item | undefined, kind: (typeof KINDS)[number]): Record<string, string> {
  const orders: Record<string, string> = {};
  for (const [name, value] of Object.entries(item ?? {})) {
    const port = Number(name.slice(kind.length));
    if (name.startsWith(kind) && Number.isInteger(port) && typeof value === 'string')
      orders[sliceId(item!.sk, port)] = value;
  }
  return orders;
}
