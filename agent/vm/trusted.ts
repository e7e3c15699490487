import * as z from 'zod';
import { showPath } from '../../core/settings/problem.ts';
import { type VmInstance, vmShardFields } from '../../core/vm/shard.ts';

const amount = z.number().min(0);
const size = z.looseObject({ vCPU: amount, RAM: amount, storage: amount });

/** All of it that becomes a name, a path or a line of a file here. */
const schema = z.looseObject({
  size,
  shards: z.array(
    z.looseObject({
      ...size.shape,
      shardID: vmShardFields.shardID,
      applicationComponent: vmShardFields.applicationComponent,
      port: z.int().min(1).max(65_535),
      state: z.string(),
    }),
  ),
});

/**
 * Every instance of the service may write the table's VM shards, and the agent carries them out as root: a name such as
 * `../..` would make one instance the root of all others.
 * @throws {Error} that names the field
 */
export function mustBeTrusted(vm: VmInstance): void {
  const { error } = schema.safeParse(vm);
  if (error === undefined) return;
  const { path, message } = error.issues[0]!;
  throw new Error(`vm ${vm.instanceID}: ${showPath(path as (string | number)[])}: ${message}`);
}
