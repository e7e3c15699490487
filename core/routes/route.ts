import type { Settings, ShardSettings } from '../settings/schema.ts';
import type { Seconds } from '../time.ts';

/** How requests reach a shard: one condition with one value. */
export type Route =
  | { readonly path: string }
  | { readonly host: string }
  | { readonly header: string; readonly value: string };

/** The health check of a target group; seconds, and numbers of checks in a row. */
export interface HealthCheck {
  readonly path: string;
  readonly interval: Seconds;
  readonly timeout: Seconds;
  readonly healthy: number;
  readonly unhealthy: number;
}

export function routeOf(shard: Pick<ShardSettings, 'name' | 'route'>): Route {
  return shard.route ?? { path: `/${shard.name}/*` };
}

export function sameRoute(a: Route, b: Route): boolean {
  return textOf(a) === textOf(b);
}

/** For messages and comparison; host and header names do not care about case. */
export function textOf(route: Route): string {
  if ('path' in route) return `path ${route.path}`;
  if ('host' in route) return `host ${route.host.toLowerCase()}`;
  return `header ${route.header.toLowerCase()}: ${route.value}`;
}

/**
 * A load balancer's defaults (30 s, 5 checks) take longer than a move may. A new target serves after one passed
 * check; these bring it out again within 10 s.
 */
export function healthCheckOf(shard: Pick<ShardSettings, 'health'>): HealthCheck {
  return { path: shard.health.path, interval: 5, timeout: 2, healthy: 2, unhealthy: 2 };
}

/** The deregistration delay of every group: whole seconds, as the planner reckons with them. */
export function drainOf(settings: Settings): Seconds {
  return Math.round(settings.fleet.leadTimes.drain.seconds);
}

const HIGHEST = 50_000;
const BAND = 380;
const LONGEST = 128;
const HEADERS = 1000;
const HEADERS_OF_MANY = 500;

/**
 * The lowest priority that is free for this route. Rules are looked at in order of their priority, so patterns that say
 * more come first (`/cart/gift/*` before `/cart/*`, `/cart/a` before that), headers before all, those with a
 * wildcard last. A length has its own band of numbers, wider than a load balancer has rules: a rule that comes later
 * never has to move another one.
 * @param taken priorities on the listener, whosever
 * @throws {RangeError} when the listener is full
 */
export function freePriority(route: Route, taken: ReadonlySet<number>): number {
  const first =
    'header' in route
      ? WILDCARD.test(route.value)
        ? HEADERS_OF_MANY
        : 1
      : HEADERS + 1 + (LONGEST - Math.min(LONGEST, lengthOf(route))) * BAND;
  for (let priority = first; priority <= HIGHEST; priority++) if (!taken.has(priority)) return priority;
  throw new RangeError(
    `rule for ${textOf(route)}: expected a free priority from ${first} to ${HIGHEST}, got none`,
  );
}

const WILDCARD = /[*?]/;

/** A wildcard says nothing. */
const lengthOf = (route: { readonly path: string } | { readonly host: string }) =>
  ('path' in route ? route.path : route.host).replaceAll(/[*?]/g, '').length;
