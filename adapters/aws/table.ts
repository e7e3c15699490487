/**
 * The table: one per service, keys `pk` and `sk` (strings), TTL attribute `ttl` (epoch seconds). Every access of
 * Foreshard is a Get, a conditional Put/Update on one item, or a Query of one `pk`; no scan, no transaction, no index.
 *
 * | pk | sk | what | written by |
 * |---|---|---|---|
 * | `slice` | slice id | placement, version, holder | moves, reconcile |
 * | `instance` | instance id | what EC2 does not know: intent, announcement, arrival | fleet adapter |
 * | `request` | `<expires>#<id>` | capacity asked for, until an arrival is bound to it | plan, instance-events |
 * | `action` | key of the fleet action | absolute size that it set; makes a repeat harmless | plan |
 * | `wait` | `<slice>#<state>` | task token of a move that waits for a target | await-target |
 * | `health` | shard | target states, as of the poller's last look | poll-targets |
 * | `route` | shard | target group, rule, load balancer | route-sync |
 * | `mode` | shard | mode switched without a deploy | CLI |
 * | `forecast` | shard | quantiles | forecast |
 * | `load#<day>` | ISO minute | load of each shard in that minute | plan |
 * | `moves#<day>` | `<ISO time>#<move id>` | move, reason, outcome | plan, finish-move |
 * | `plan` | `latest`, or ISO minute | what the tick decided | plan |
 * | `lease` | name | who runs: `plan`, `poll-targets` | |
 * | `state` | name | `tick` (last good one), `routes` (ETag synced) | |
 * | `idempotency` | function and event id | Powertools | event handlers |
 */
export const PK = {
  slice: 'slice',
  instance: 'instance',
  request: 'request',
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
} as const;

/** `load#2026-11-21`: one partition key a day, so that none grows without end. */
export const loadKey = (stamp: string) => `load#${stamp.slice(0, 10)}`;
export const movesKey = (stamp: string) => `moves#${stamp.slice(0, 10)}`;
