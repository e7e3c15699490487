import type { KnownRoute } from '../../core/routes/seen.ts';
import { PK, type Table } from './table.ts';

/** The `route` items: where each shard's slices are registered. Written by route-sync, read by all. */
export async function readRoutes(table: Pick<Table, 'query'>): Promise<readonly KnownRoute[]> {
  return (await table.query(PK.route)).map(({ pk: _, sk, ...rest }) => ({
    ...(rest as unknown as Omit<KnownRoute, 'shard'>),
    shard: sk,
  }));
}

export async function writeRoute(table: Table, { shard, ...rest }: KnownRoute): Promise<void> {
  await table.put({ pk: PK.route, sk: shard, ...rest });
}

export async function forgetRoute(table: Table, shard: string): Promise<void> {
  await table.delete(PK.route, shard);
}

/** `…:targetgroup/name/id` → `targetgroup/name/id`; `…:loadbalancer/app/name/id` → `app/name/id`: CloudWatch's dimensions. */
export function dimensionOf(arn: string): string {
  const at = arn.indexOf(':loadbalancer/');
  if (at >= 0) return arn.slice(at + ':loadbalancer/'.length);
  return arn.slice(arn.indexOf(':targetgroup/') + 1);
}
