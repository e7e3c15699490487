import { dimensionOf, forgetRoute } from '../../adapters/aws/route-items.ts';
import type { Routes } from '../../adapters/aws/routes.ts';
import type { Table } from '../../adapters/aws/table.ts';
import type { WantedRoute } from '../../core/routes/diff.ts';
import type { GoneRoute } from '../../core/routes/gone.ts';
import type { KnownRoute } from '../../core/routes/seen.ts';

/**
 * Does what one shard needs, and writes its `route` item last: an item is only about what exists. Killed anywhere, it
 * is taken up by the next run from what AWS then shows.
 */
export async function carryOut(
  routes: Routes,
  write: (item: KnownRoute) => Promise<void>,
  wanted: WantedRoute,
  before: KnownRoute | undefined,
): Promise<void> {
  const { shard, own, createGroup, health, setDrain, createRule, balancer, deleteRules } = wanted;
  const group =
    wanted.group?.arn ??
    (createGroup && (await routes.createGroup(shard, createGroup.name, createGroup.health)));
  if (group === undefined) throw new TypeError(`shard ${shard}: neither a group nor one to make`);
  if (health !== undefined) await routes.setHealth(group, health);
  if (setDrain !== undefined) await routes.setDrain(group, setDrain);
  let rule = wanted.rule && { arn: wanted.rule.arn, priority: wanted.rule.priority };
  if (createRule !== undefined && balancer !== undefined) {
    const { route, priority } = createRule;
    rule = { arn: await routes.createRule(shard, balancer.listener, route, priority, group), priority };
  }
  // The old ones last: for a moment both lead to the shard, and none is lost.
  for (const arn of deleteRules) await routes.deleteRule(arn);

  const serving = balancer?.loadBalancer ?? wanted.group?.loadBalancers[0];
  const item: KnownRoute = {
    shard,
    own,
    targetGroup: group,
    targetGroupName: dimensionOf(group),
    ...(serving === undefined ? {} : { loadBalancer: dimensionOf(serving) }),
    ...(balancer === undefined ? {} : { listener: balancer.listener, dns: balancer.dns }),
    ...(rule === undefined ? {} : { rule: rule.arn }),
    ...(rule?.priority === undefined ? {} : { priority: rule.priority }),
    ...(wanted.drain === undefined ? {} : { drain: wanted.drain }),
  };
  if (!isSame(item, before)) await write(item);
}

export async function removeGone(routes: Routes, table: Table, gone: GoneRoute): Promise<void> {
  for (const arn of gone.deleteRules) await routes.deleteRule(arn);
  if (gone.deleteGroup !== undefined) await routes.deleteGroup(gone.deleteGroup);
  if (gone.forget) await forgetRoute(table, gone.shard);
}

function isSame(item: KnownRoute, before: KnownRoute | undefined): boolean {
  const keys = new Set([...Object.keys(item), ...Object.keys(before ?? {})]) as Set<keyof KnownRoute>;
  return before !== undefined && [...keys].every((key) => item[key] === before[key]);
}
