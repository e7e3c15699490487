import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Route } from '../../routes/route.ts';
import { formatStamp } from '../../settings/stamp.ts';
import { DAY, HOUR, type Seconds } from '../../time.ts';
import type { Proposal } from './proposal.ts';

/**
 * Changes of the settings' text for a shard that was accepted; comments and order stay. The text is one that
 * `parseSettings` accepts, and what comes of it is to be checked by it again.
 */

/** How long the expected load is reckoned with: by then the shard has a day of its own. */
const FLOOR: Seconds = 2 * DAY;
/** What of the old shard is not the new one's: its metrics, what it is guaranteed, what stands by for it. */
const NOT_ITS = ['name', 'route', 'targetGroup', 'measure', 'guarantee', 'standby', 'mode', 'priority'];

/**
 * A route that no request has, so that the load balancer checks the health of the shard's instances and sends them
 * nothing: a rule that led requests there before would lead them nowhere. `.invalid` is nobody's (RFC 2606).
 */
export const waitingRoute = (name: string): Route => ({
  host: `${name.toLowerCase()}.new.foreshard.invalid`,
});

export interface Wished {
  readonly priority?: number;
  readonly mode: 'shadow' | 'active';
}

/**
 * Adds the shard, with capacity, profile and the rest as the one that it comes from, and an event of the calendar by which
 * it gets instances for what is expected before it has any load.
 * @throws {RangeError} when the settings have no such shard
 */
export function withShard(text: string, proposal: Proposal, wished: Wished, now: Seconds): string {
  const document = parseDocument(text);
  const shards = listOf(document);
  const parent = shardNode(shards, proposal.of);
  const old = document.toJS().shards[shards.items.indexOf(parent)] as Record<string, unknown>;
  const kept = Object.fromEntries(Object.entries(old).filter(([key]) => !NOT_ITS.includes(key)));
  const priority = wished.priority ?? old.priority;
  shards.add(
    document.createNode({
      name: proposal.name,
      route: waitingRoute(proposal.name),
      ...(priority !== undefined && { priority }),
      mode: wished.mode,
      ...kept,
    }),
  );
  const event = {
    name: eventName(proposal.name),
    shards: [proposal.name],
    start: formatStamp(Math.floor(now)),
    end: formatStamp(Math.ceil(Math.max(now, proposal.readyBy) / HOUR) * HOUR + FLOOR),
    load: roundUp(proposal.expected.q90),
  };
  const calendar = document.get('calendar');
  if (isSeq(calendar)) calendar.add(document.createNode(event));
  else document.set('calendar', document.createNode([event]));
  return document.toString({ lineWidth: 0 });
}

export const eventName = (name: string) => `expected load of ${name}`;

/** Leads the requests to the shard. @throws {RangeError} when the settings have no such shard */
export function withRoute(text: string, name: string, route: Route): string {
  const document = parseDocument(text);
  shardNode(listOf(document), name).set('route', document.createNode(route));
  return document.toString({ lineWidth: 0 });
}

/** Anchors and merges are left to people: what stands behind one may stand for several. */
function listOf(document: Document): YAMLSeq {
  const shards = document.get('shards');
  if (isSeq(shards)) return shards;
  throw new RangeError('shards: expected a list that is written out, got an alias');
}

function shardNode(shards: YAMLSeq, name: string): YAMLMap {
  const found = shards.items.find((item) => isMap(item) && item.get('name') === name);
  if (isMap(found)) return found;
  throw new RangeError(`shards: expected ${name}, got none of that name`);
}

/** Two digits are as much as is known. */
function roundUp(load: number): number {
  const unit = 10 ** Math.max(-3, Math.floor(Math.log10(Math.max(load, 1e-3))) - 1);
  return Number((Math.ceil(load / unit) * unit).toPrecision(6));
}
