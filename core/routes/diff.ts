import { showPath } from '../settings/problem.ts';
import type { Settings, ShardSettings } from '../settings/schema.ts';
import type { Seconds } from '../time.ts';
import { assign } from './assign.ts';
import { type GoneRoute, goneRoutes } from './gone.ts';
import { targetGroupName } from './names.ts';
import { ownShards, routeProblems } from './problems.ts';
import {
  drainOf,
  freePriority,
  type HealthCheck,
  healthCheckOf,
  type Route,
  routeOf,
  sameRoute,
  textOf,
} from './route.ts';
import type { Balancer, KnownRoute, SeenGroup, SeenRoutes, SeenRule } from './seen.ts';

/** What has to be done for one shard, in this order. Empty `changes`: its `route` item says it all already. */
export interface WantedRoute {
  readonly shard: string;
  readonly own: boolean;
  /** The group, where it exists. */
  readonly group?: SeenGroup;
  readonly createGroup?: { readonly name: string; readonly health: HealthCheck };
  readonly health?: HealthCheck;
  /** Deregistration delay to set (s). */
  readonly setDrain?: Seconds;
  /** Deregistration delay that holds afterwards (s). */
  readonly drain?: Seconds;
  readonly balancer?: Balancer;
  /** The rule, where it exists. */
  readonly rule?: SeenRule;
  readonly createRule?: { readonly route: Route; readonly priority: number };
  /** Rules of this shard that are too many, e.g. for the route that it had before. */
  readonly deleteRules: readonly string[];
}

export interface RouteDiff {
  readonly wanted: readonly WantedRoute[];
  readonly gone: readonly GoneRoute[];
  /** Shards that cannot have what they should, and why. Field, bound and value. */
  readonly refused: readonly { readonly shard: string; readonly error: string }[];
  /** Shards for which something has to happen first. The next run looks again. */
  readonly waiting: readonly Waiting[];
}

export interface Waiting {
  readonly shard: string;
  /** `slices`: until they have drained. `shadow`: until somebody switches the shard's mode. */
  readonly for: 'slices' | 'shadow';
  readonly why: string;
}

/** From what is to what the settings ask for. Pure; what is right already gives nothing to do. */
export function diffRoutes(settings: Settings, balancers: readonly Balancer[], seen: SeenRoutes): RouteDiff {
  const world = index(settings, balancers, seen);
  const wanted: WantedRoute[] = [];
  const refused: { shard: string; error: string }[] = [];
  const waiting: Waiting[] = [];
  const wrong = wrongShards(settings, balancers.length);
  for (const shard of settings.shards) {
    const { name } = shard;
    const known = world.known.get(name);
    const slices = seen.slices.get(name) ?? 0;
    const arn = shard.targetGroup;
    if (known !== undefined && slices > 0 && movesAway(known, arn)) {
      waiting.push({
        shard: name,
        for: 'slices',
        why: `${slices} slices serve in ${known.targetGroupName}, which it had before`,
      });
      continue;
    }
    const error = wrong.get(name);
    const result =
      error !== undefined
        ? { error }
        : arn === undefined
          ? ownRoute(world, shard)
          : adopted(world, name, arn);
    if ('error' in result) refused.push({ shard: name, error: result.error });
    else {
      wanted.push(result.route);
      if (result.why !== undefined) waiting.push({ shard: name, for: 'shadow', why: result.why });
    }
  }
  const gone = goneRoutes(settings, seen, new Set(waiting.map(({ shard }) => shard)));
  for (const { shard, slices } of gone)
    if (slices > 0) waiting.push({ shard, for: 'slices', why: `${slices} slices of it have not drained` });
  return { wanted, gone, refused, waiting };
}

/** Shards that the number of load balancers does not allow as they are. That there is no room is found when assigning. */
function wrongShards(settings: Settings, loadBalancers: number): ReadonlyMap<string, string> {
  return new Map(
    routeProblems(settings, loadBalancers).flatMap(({ path, expected, got }) => {
      const name = typeof path[1] === 'number' ? settings.shards[path[1]]?.name : undefined;
      return name === undefined ? [] : [[name, `${showPath(path)}: expected ${expected}, got ${got}`]];
    }),
  );
}

/** Whether something is to be done for the shard at all, its `route` item aside. */
export function isChange(route: WantedRoute): boolean {
  const { createGroup, health, setDrain, createRule, deleteRules } = route;
  return (
    [createGroup, health, setDrain, createRule].some((one) => one !== undefined) || deleteRules.length > 0
  );
}

type Result = { readonly route: WantedRoute; readonly why?: string } | { readonly error: string };

interface World {
  readonly settings: Settings;
  readonly seen: SeenRoutes;
  readonly known: ReadonlyMap<string, KnownRoute>;
  readonly byArn: ReadonlyMap<string, SeenGroup>;
  readonly byName: ReadonlyMap<string, SeenGroup>;
  readonly assigned: ReadonlyMap<string, Balancer>;
  /** Grows with each rule that is to be made. */
  readonly taken: ReadonlyMap<string, Set<number>>;
}

function index(settings: Settings, balancers: readonly Balancer[], seen: SeenRoutes): World {
  const taken = new Map<string, Set<number>>(balancers.map(({ listener }) => [listener, new Set()]));
  for (const { listener, priority } of seen.rules)
    if (priority !== undefined) taken.get(listener)?.add(priority);
  return {
    settings,
    seen,
    known: new Map(seen.known.map((one) => [one.shard, one])),
    byArn: new Map(seen.groups.map((one) => [one.arn, one])),
    byName: new Map(seen.groups.map((one) => [one.name, one])),
    assigned: assign(ownShards(settings), balancers, seen.known, seen.rules),
    taken,
  };
}

const movesAway = (known: KnownRoute, adoptedArn: string | undefined) =>
  adoptedArn === undefined ? !known.own : known.targetGroup !== adoptedArn;

function adopted({ byArn }: World, shard: string, arn: string): Result {
  const group = byArn.get(arn);
  const wrong = (expected: string, got: string) => ({
    error: `targetGroup: expected ${expected}, got ${got}`,
  });
  if (group === undefined) return wrong('an existing target group', arn);
  if (group.targetType !== 'instance')
    return wrong('a target group of instances', `targets of type ${group.targetType}`);
  if (group.protocol !== 'HTTP' && group.protocol !== 'HTTPS')
    return wrong('a target group for HTTP or HTTPS', group.protocol);
  return { route: { shard, own: false, group, deleteRules: [] } };
}

function ownRoute(world: World, shard: ShardSettings): Result {
  const { settings, seen, assigned } = world;
  const { name } = shard;
  const groupName = targetGroupName(settings.service, name);
  const group = world.byName.get(groupName);
  if (group !== undefined && group.shard !== name)
    return {
      error: `target group ${groupName}: expected one made for ${settings.service}/${name}, got ${group.arn} without our tags`,
    };
  const health = healthCheckOf(shard);
  const drain = drainOf(settings);
  const known = world.known.get(name);
  const base = {
    shard: name,
    own: true,
    drain,
    ...(group === undefined ? { createGroup: { name: groupName, health } } : { group }),
    ...(group !== undefined && !sameHealth(group.health, health) ? { health } : {}),
    ...(group === undefined || known?.targetGroup !== group.arn || known.drain !== drain
      ? { setDrain: drain }
      : {}),
  };
  const balancer = assigned.get(name);
  if (balancer === undefined)
    return { error: 'shards: expected a load balancer with room for its rule, got none' };
  const route = routeOf(shard);
  const rules = seen.rules.filter((rule) => rule.shard === name);
  const rule = rules.find(
    (one) =>
      one.listener === balancer.listener &&
      one.route !== undefined &&
      sameRoute(one.route, route) &&
      group !== undefined &&
      one.targetGroup === group.arn,
  );
  const deleteRules = rules.filter((one) => one !== rule).map(({ arn }) => arn);
  if (rule !== undefined) return { route: { ...base, balancer, rule, deleteRules } };
  const others = seen.rules.filter((one) => one.listener === balancer.listener && one.shard === undefined);
  const same = others.find((one) => one.route !== undefined && sameRoute(one.route, route));
  if (same !== undefined)
    return {
      error: `route: expected one that no other rule has, got ${textOf(route)}, which rule ${same.arn} (priority ${same.priority}) has; its group can be adopted by targetGroup`,
    };
  // Our rule would take the requests of a rule that serves today: not for a shard in shadow.
  if (
    seen.shadow.has(name) &&
    others.some((one) => one.priority !== undefined || one.targetGroup !== undefined)
  ) {
    const why = 'in shadow beside rules of others: its rule is made when it is switched to active or hold';
    return { route: { ...base, deleteRules }, why };
  }
  const taken = world.taken.get(balancer.listener)!;
  const priority = freePriority(route, taken);
  taken.add(priority);
  return { route: { ...base, balancer, createRule: { route, priority }, deleteRules } };
}

function sameHealth(a: HealthCheck, b: HealthCheck): boolean {
  return (
    a.path === b.path &&
    a.interval === b.interval &&
    a.timeout === b.timeout &&
    a.healthy === b.healthy &&
    a.unhealthy === b.unhealthy
  );
}
