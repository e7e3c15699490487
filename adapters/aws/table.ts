/**
 * The table: one per service, keys `pk` and `sk` (strings), TTL attribute `ttl` (epoch seconds). Every access of
 * Foreshard is a Get, a conditional Put/Update on one item, or a Query of one `pk`; no scan, no transaction, no index.
 *
 * | pk | sk | what | written by |
 * |---|---|---|---|
 * | `slice` | slice id | placement, version, holder | moves, reconcile |
 * | `instance` | instance id | what EC2 does not know: intent, announcement, arrival | fleet adapter |
 * | `request` | `<expires>#<id>` | capacity asked for, until an arrival is bound to it | plan, instance-events |
 * | `refusal` | `<group>/<zone>` | when a zone had no capacity last | plan |
 * | `action` | key of the fleet action | absolute size that it set; makes a repeat harmless | plan |
 * | `wait` | `<slice>#<state>` | task token of a move that waits for a target | await-target |
 * | `health` | shard | target states, as of the poller's last look | poll-targets |
 * | `route` | shard | target group, rule, load balancer | route-sync |
 * | `mode` | shard | mode switched without a deploy | CLI |
 * | `forecast` | shard | quantiles | forecast |
 * | `load#<day>` | ISO minute | load of each shard in that minute | plan |
 * | `moves#<day>` | `<ISO time>#<move id>` | move, reason, outcome | plan, finish-move |
 * | `plan` | `latest`, or ISO second | what the tick decided | plan |
 * | `lease` | name | who runs: `plan`, `poll-targets` | |
 * | `state` | name | `tick` (last good one), `routes` (ETag synced) | |
 * | `slots` | shard | who holds each slot, under which epoch | agents, moves |
 * | `agent` | instance id | lease, address and measurements of its agent; orders for it | agent, moves |
 * | `hand-over` | slice that leaves | one hand-over: target, phase, secret of the copy | agents, hand-over |
 * | `hand-over-target` | slice that takes over | which hand-over has it | agents, hand-over |
 * | `reserve-request` | id | reserves that were asked for | API |
 * | `vm` | instance id | VM shards of an instance | API, agent |
 * | `proposal` | name | shard that is proposed, and how far it is | propose-shards, CLI |
 * | `pool` | `<type>/<zone>` | recent interruptions of a Spot pool | instance-events |
 * | `idempotency` | function and event id | Powertools | event handlers |
 */
export const PK = {
  slice: 'slice',
  instance: 'instance',
  request: 'request',
  refusal: 'refusal',
  action: 'action',
  wait: 'wait',
  health: 'health',
  route: 'route',
  mode: 'mode',
  forecast: 'forecast',
  plan: 'plan',
  lease: 'lease',
  state: 'state',
  idempotency: 'idempotency',
  slots: 'slots',
  agent: 'agent',
  handOver: 'hand-over',
  handOverTarget: 'hand-over-target',
  reserveRequest: 'reserve-request',
  vm: 'vm',
  pool: 'pool',
  proposal: 'proposal',
} as const;

/** `load#2026-11-21`: one partition key a day, so that none grows without end. */
export const loadKey = (stamp: string) => `load#${stamp.slice(0, 10)}`;
export const movesKey = (stamp: string) => `moves#${stamp.slice(0, 10)}`;

/** Plain data: strings, finite numbers, booleans, null, Uint8Array, arrays and objects of these. `undefined` is left out. */
export interface Item {
  readonly pk: string;
  readonly sk: string;
  readonly [attribute: string]: unknown;
}

/** What must hold of one attribute. */
export type Test =
  | { readonly is: string | number | boolean }
  | { readonly absent: true }
  | { readonly present: true }
  | { readonly atMost: number };

/** All tests of one object hold; of an array, those of one of its objects. */
export type Condition = Readonly<Record<string, Test>> | readonly Readonly<Record<string, Test>>[];

export interface Change {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  readonly add?: Readonly<Record<string, number>>;
}

/** `ok: false`: the condition did not hold, nothing was written, and `item` is what is there. */
export type Updated =
  | { readonly ok: true; readonly item: Item }
  | { readonly ok: false; readonly item?: Item };

/** One contract for DynamoDB (dynamo-table.ts) and the memory of tests and benches (test/model-aws/memory-table.ts). */
export interface Table {
  /** Strongly consistent. */
  get(pk: string, sk: string): Promise<Item | undefined>;
  /** Ascending by `sk`, all pages; `from` and `to` are inclusive; `newest`: only so many, the last ones, still ascending. */
  query(
    pk: string,
    range?: { readonly from?: string; readonly to?: string; readonly newest?: number },
  ): Promise<readonly Item[]>;
  /** False: the condition did not hold. */
  put(item: Item, only?: Condition): Promise<boolean>;
  /** Makes the item where there is none, unless the condition says otherwise. */
  update(pk: string, sk: string, change: Change, only?: Condition): Promise<Updated>;
  /** False: the condition did not hold. */
  delete(pk: string, sk: string, only?: Condition): Promise<boolean>;
}
