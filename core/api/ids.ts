import * as z from 'zod';
import { NAME } from '../settings/name.ts';

/** What operations of the API are about. */

const INSTANCE = 'i-[0-9a-f]{1,17}';

export const shardName = z
  .string()
  .regex(NAME, 'expected the name of a shard: 1–32 letters, digits or hyphens')
  .meta({ description: 'Service shard: its name in the settings.', example: 'cart' });

export const instanceId = z
  .string()
  .regex(new RegExp(`^${INSTANCE}$`), 'expected an EC2 instance id such as i-0123456789abcdef0')
  .meta({ description: 'EC2 instance id.', example: 'i-0123456789abcdef0' });

export const sliceId = z
  .string()
  .regex(new RegExp(`^${INSTANCE}:[0-9]{1,5}$`), 'expected <instance id>:<port>')
  .meta({ description: '`<instance id>:<port>`.', example: 'i-0123456789abcdef0:8080' });

/** Either kind of shard: a VM shard has its instance in front, which no name of a service shard can have. */
export const shardId = z
  .string()
  .regex(
    new RegExp(`^(${INSTANCE}/)?${NAME.source.slice(1)}`),
    'expected the name of a service shard, or <instance id>/<shard> for a VM shard',
  )
  .meta({
    description: 'Service shard: its name in the settings. VM shard: `<instance id>/<shard>`.',
    example: 'cart',
  });

export const stamp = z.number().meta({ description: 'Epoch seconds, UTC.', example: 1_790_000_000 });

export type ShardRef =
  | { readonly kind: 'service'; readonly shard: string }
  | { readonly kind: 'vm'; readonly instance: string; readonly shard: string };

/** Which kind of shard an id means. @param id as {@link shardId} takes it */
export function shardRef(id: string): ShardRef {
  const slash = id.indexOf('/');
  return slash < 0
    ? { kind: 'service', shard: id }
    : { kind: 'vm', instance: id.slice(0, slash), shard: id.slice(slash + 1) };
}
