import { type Route, routeOf, sameRoute } from '../../routes/route.ts';
import type { Settings } from '../../settings/schema.ts';
import { HOUR, type Seconds } from '../../time.ts';
import type { Emerged } from './emerging.ts';
import { nameOfKey, routeOfKey, whyNotWithin } from './key.ts';

/**
 * A shard that is proposed.
 *
 * Lifecycle: `open` → `accepted` (in the settings; instances come, requests do not yet) → `routed`. An open one may be
 * `declined`. Open and declined ones go when their key does.
 */
export interface Proposal extends Omit<Emerged, 'of' | 'key'> {
  /** Name of the shard that would be. */
  readonly name: string;
  readonly key: string;
  /** The shard whose load it takes. */
  readonly of: string;
  readonly route: Route;
  readonly state: 'open' | 'accepted' | 'routed' | 'declined';
  /** Why it cannot be accepted as things are. */
  readonly blocked?: string;
  /** When it was published. */
  readonly toldAt?: Seconds;
  /** When it came into its state, and who brought it there. */
  readonly changedAt: Seconds;
  readonly by?: string;
}

/** What is to be written and to be forgotten. */
export interface Changes {
  readonly put: readonly Proposal[];
  readonly remove: readonly Proposal[];
}

/** A routed one is shown for so long. */
const SHOWN: Seconds = 7 * 24 * HOUR;

/**
 * From what is stored to what stands now. Keys that cannot have a route of their own, and those whose route a shard has
 * already, are no proposals.
 */
export function reconcile(
  stored: readonly Proposal[],
  standing: readonly Emerged[],
  settings: Settings,
  now: Seconds,
): Changes {
  const put: Proposal[] = [];
  const taken = new Set([...settings.shards.map(({ name }) => name), ...stored.map(({ name }) => name)]);
  const known = new Map(stored.map((one) => [idOf(one), one]));
  for (const one of standing) {
    const of = settings.shards.find(({ name }) => name === one.of);
    const route = routeOfKey(one.key, settings.proposals.key);
    if (of === undefined || route === undefined) continue;
    if (settings.shards.some((shard) => sameRoute(routeOf(shard), route))) continue;
    const before = known.get(idOf(one));
    if (before !== undefined && (before.state === 'accepted' || before.state === 'routed')) continue;
    const why = whyNotWithin(route, of, settings) ?? (hasState(of) ? STATEFUL : undefined);
    const name = before?.name ?? nameOfKey(one.key, taken);
    taken.add(name);
    const { blocked: _, ...rest } = before ?? { state: 'open' as const, changedAt: now };
    const next: Proposal = { ...rest, ...one, name, route, ...(why !== undefined && { blocked: why }) };
    if (before === undefined || isNews(before, next)) put.push(next);
  }
  const stands = new Set(standing.map(idOf));
  const remove = stored.filter((one) =>
    one.state === 'open' || one.state === 'declined'
      ? !stands.has(idOf(one))
      : one.state === 'routed'
        ? now - one.changedAt > SHOWN
        : false,
  );
  return { put, remove };
}

const STATEFUL = 'its shard has state, which a rule does not divide (handOver)';
const hasState = ({ handOver }: Settings['shards'][number]) =>
  handOver.state !== 'none' || handOver.slots.count > 1;

const idOf = ({ of, key }: { readonly of: string; readonly key: string }) => `${of} ${key}`;

/** What it says changes once an hour; what is written each time would cost more than it says. */
function isNews(before: Proposal, next: Proposal): boolean {
  const said = ({ load, expected, confidence, readyBy, blocked, route }: Proposal) =>
    JSON.stringify([load, expected, confidence, readyBy, blocked, route]);
  return said(before) !== said(next);
}
