import { forgetRoute, readRoutes } from '../../adapters/aws/route-items.ts';
import { Routes } from '../../adapters/aws/routes.ts';
import { patience } from '../../adapters/aws/routes-patience.ts';
import { readElb } from '../../adapters/aws/routes-read.ts';
import { attempt, type Failure } from '../../core/failure.ts';
import { clearState } from './state.ts';
import type { SyncInput } from './sync.ts';
import type { SyncParts } from './wiring.ts';

/**
 * The stack goes: every rule and group that Foreshard made, and what the table says of them. Adopted groups stay as
 * they are, and so do instances: deleting a group does not touch its targets.
 * @throws with each shard that failed
 */
export async function removeAll(parts: SyncParts, input: SyncInput): Promise<{ readonly removed: number }> {
  const { elb, table, clock } = parts;
  const calm = patience(clock, input.stopAt);
  const routes = new Routes(elb, calm, input.service, input.vpc);
  const known = await readRoutes(table);
  const listeners = [
    ...new Set([
      ...input.balancers.map(({ listener }) => listener),
      ...known.flatMap(({ own, listener }) => (own && listener !== undefined ? [listener] : [])),
    ]),
  ];
  const { groups, rules } = await readElb(elb, calm, input.service, listeners, known);
  const failures: Failure[] = [];
  for (const { arn, shard } of rules)
    if (shard !== undefined) await attempt(failures, `rule of ${shard}`, () => routes.deleteRule(arn));
  let removed = 0;
  for (const { arn, shard } of groups) {
    if (shard === undefined) continue;
    if (await attempt(failures, `target group of ${shard}`, () => routes.deleteGroup(arn))) removed++;
  }
  if (failures.length > 0) throw new Error(failures.map(({ what, error }) => `${what}: ${error}`).join('; '));
  for (const { shard } of known) await forgetRoute(table, shard);
  await clearState(table);
  return { removed };
}
