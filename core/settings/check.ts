import { closest } from 'fastest-levenshtein';
import { calendarProblems } from './calendar.ts';
import { type Path, type Problem, show } from './problem.ts';
import type { Settings, ShardSettings } from './schema.ts';

/** Target groups of one Application Load Balancer (a hard quota of AWS): a shard has one, a path leads to one balancer. */
const TARGET_GROUPS_PER_ALB = 100;

/** Everything that must hold between fields; each field alone has been checked by the schema. */
export function crossCheck(settings: Settings): Problem[] {
  return [...fleetProblems(settings), ...shardProblems(settings), ...calendarProblems(settings)];
}

function atMost(path: Path, value: number | undefined, bound: number, what: string): Problem[] {
  if (value === undefined || value <= bound) return [];
  return [{ path, expected: `at most ${what} (${bound})`, got: show(value) }];
}

function fleetProblems({ fleet, readyPool, shards }: Settings): Problem[] {
  const guarantees = shards.reduce((sum, shard) => sum + shard.guarantee, 0);
  return [
    ...atMost(['fleet', 'warmMax'], fleet.warmMax, fleet.max, 'fleet.max'),
    ...atMost(['readyPool', 'max'], readyPool.max, fleet.max, 'fleet.max'),
    ...(readyPool.target === 'auto'
      ? []
      : atMost(['readyPool', 'target'], readyPool.target, readyPool.max, 'readyPool.max')),
    ...(guarantees > fleet.max
      ? [
          {
            path: ['fleet', 'max'],
            expected: `at least the sum of all guarantees (${guarantees})`,
            got: show(fleet.max),
          },
        ]
      : []),
    ...repeated(fleet.zones, (i) => ['fleet', 'zones', i]),
    ...repeated(
      fleet.instanceTypes.map((entry) => entry.type),
      (i) => ['fleet', 'instanceTypes', i, 'type'],
    ),
  ];
}

function shardProblems({ shards, fleet }: Settings): Problem[] {
  const each = shards.flatMap((shard, i) => {
    const max = shard.max ?? fleet.max;
    const named = shard.max === undefined ? 'fleet.max' : 'max';
    const at = (...rest: string[]): Path => ['shards', i, ...rest];
    return [
      ...atMost(at('guarantee'), shard.guarantee, max, named),
      ...atMost(at('max'), shard.max, fleet.max, 'fleet.max'),
      ...atMost(at('standby', 'instances'), shard.standby?.instances, max, named),
      ...atMost(
        at('standby', 'wakeAbove'),
        shard.standby?.wakeAbove,
        max * shard.capacity.perInstance,
        `what ${named} instances serve`,
      ),
    ];
  });
  const duplicates = repeated(
    shards.map((shard) => shard.name),
    (i) => ['shards', i, 'name'],
  );
  // A repeated name repeats its default route too: one message is enough.
  const routes =
    duplicates.length > 0 ? [] : repeated(shards.map(routeOf), (i) => ['shards', i, 'route'], 'route');
  return [...each, ...duplicates, ...routes, ...hostProblems(shards), ...stateProblems(shards)];
}

/** What a shard with state needs, and what it says of others. */
function stateProblems(shards: readonly ShardSettings[]): Problem[] {
  const names = shards.map(({ name }) => name);
  return shards.flatMap(({ name, handOver, risk }, i) => {
    const problems: Problem[] = [];
    if (handOver.slots.count > 1 && handOver.slots.by === undefined)
      problems.push({
        path: ['shards', i, 'handOver', 'slots', 'by'],
        expected: `a header, cookie or path that names one of ${handOver.slots.count} slots`,
        got: 'none',
      });
    for (const [k, needed] of risk.dependsOn.entries()) {
      const others = names.filter((other) => other !== name);
      if (others.includes(needed)) continue;
      const nearest = others.length > 0 ? `, the nearest is "${closest(needed, others)}"` : '';
      const expected = `another shard of this file${nearest}`;
      problems.push({ path: ['shards', i, 'risk', 'dependsOn', k], expected, got: show(needed) });
    }
    return problems;
  });
}

function hostProblems(shards: readonly ShardSettings[]): Problem[] {
  const first = shards.findIndex((shard) => !shard.route || !('host' in shard.route));
  if (shards.length <= TARGET_GROUPS_PER_ALB || first < 0) return [];
  const without = shards.filter((shard) => !shard.route || !('host' in shard.route)).length;
  return [
    {
      path: ['shards', first, 'route'],
      expected: `a host for each of more than ${TARGET_GROUPS_PER_ALB} shards (the target groups of one load balancer)`,
      got: `${without} of ${shards.length} shards without, first ${show(shards[first]?.name)}`,
    },
  ];
}

/** One text per route; host names do not care about case. */
function routeOf(shard: ShardSettings): string {
  const route = shard.route ?? { path: `/${shard.name}/*` };
  if ('path' in route) return `path ${route.path}`;
  if ('host' in route) return `host ${route.host.toLowerCase()}`;
  return `header ${route.header.toLowerCase()}: ${route.value}`;
}

function repeated(values: readonly string[], pathOf: (index: number) => Path, what = 'value'): Problem[] {
  const first = new Map<string, number>();
  return values.flatMap((value, i) => {
    const before = first.get(value);
    if (before === undefined) {
      first.set(value, i);
      return [];
    }
    return [
      { path: pathOf(i), expected: `a ${what} that entry [${before}] does not have`, got: show(value) },
    ];
  });
}
