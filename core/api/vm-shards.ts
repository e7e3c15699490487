import * as z from 'zod';
import {
  interruptibilityPolicySchema,
  vmShardFields,
  vmShardRequestSchema,
  vmShardSchema,
} from '../vm/shard.ts';
import { instanceId, shardName, sliceId, stamp } from './ids.ts';
import { operation, pageOf, pageQuery } from './operation.ts';

const size = z.object({
  vCPU: z.number().min(0),
  RAM: z.number().min(0).meta({ description: 'MiB' }),
  storage: z.number().min(0).meta({ description: 'MiB' }),
});

const vmShard = z
  .object({
    kind: z.literal('vm'),
    ...vmShardSchema.shape,
    slice: sliceId,
    state: z.enum(['running', 'freezing', 'frozen', 'moving', 'removing', 'removed']),
    since: stamp,
    movesTo: sliceId.optional(),
    movesFrom: sliceId.optional(),
    heldUntil: stamp.optional(),
  })
  .meta({ id: 'Shard', description: 'A VM shard: a slice of a declared size.' });

const vmInstance = z
  .object({
    instanceID: instanceId,
    shards: z.array(vmShard),
    overallInterruptibilityPolicy: interruptibilityPolicySchema,
    size,
    version: z.int().meta({ description: 'Rises with every change.' }),
  })
  .meta({ id: 'VMInstance' });

const params = z.object({ instanceID: instanceId });
const shardParams = z.object({
  instanceID: instanceId,
  shard: shardName.meta({ description: 'Name of the VM shard on its instance.' }),
});
const onShard = {
  tag: 'VM shards',
  params: shardParams,
  status: 200,
  response: vmShard,
  problems: ['not-found', 'conflict', 'refused'],
} as const;
const SHARD_PATH = '/instances/{instanceID}/shards/{shard}';

export const VM_SHARDS = {
  listVmInstances: operation({
    method: 'GET',
    path: '/instances',
    tag: 'VM shards',
    summary: 'Instances that are divided into VM shards',
    query: z.strictObject(pageQuery),
    status: 200,
    response: pageOf(vmInstance).meta({ id: 'VMInstancePage' }),
    problems: [],
  }),
  listVmShards: operation({
    method: 'GET',
    path: '/instances/{instanceID}/shards',
    tag: 'VM shards',
    summary: 'One instance with its VM shards',
    params,
    status: 200,
    response: vmInstance,
    problems: ['not-found'],
  }),
  allocateShards: operation({
    method: 'POST',
    path: '/instances/{instanceID}/shards',
    tag: 'VM shards',
    summary: 'Allocates VM shards on an instance',
    description:
      'A size that is left out is proposed from the profile of the component. All of them, or none: what does not fit is refused with what is free and what was asked for.',
    params,
    body: z.strictObject({
      shardConfig: z.array(vmShardRequestSchema).min(1).max(64),
      overallInterruptibilityPolicy: interruptibilityPolicySchema.optional(),
    }),
    status: 201,
    response: vmInstance,
    problems: ['not-found', 'conflict', 'refused'],
  }),
  getVmShard: operation({
    ...onShard,
    method: 'GET',
    path: SHARD_PATH,
    summary: 'One VM shard',
    problems: ['not-found'],
  }),
  resizeVmShard: operation({
    ...onShard,
    method: 'PATCH',
    path: SHARD_PATH,
    summary: 'Changes the size of a VM shard, live',
    body: z
      .strictObject({
        vCPU: vmShardFields.vCPU.optional(),
        RAM: vmShardFields.RAM.optional(),
        storage: vmShardFields.storage.optional(),
      })
      .refine((sizes) => Object.keys(sizes).length > 0, 'expected at least one of vCPU, RAM, storage')
      .meta({ override: { minProperties: 1 } }),
  }),
  removeVmShard: operation({
    ...onShard,
    method: 'DELETE',
    path: SHARD_PATH,
    summary: 'Takes a VM shard out of the traffic and removes it',
  }),
  freezeVmShard: operation({
    ...onShard,
    method: 'POST',
    path: `${SHARD_PATH}/freeze`,
    summary: 'Takes a VM shard out of the traffic and freezes it where it is',
  }),
  thawVmShard: operation({
    ...onShard,
    method: 'POST',
    path: `${SHARD_PATH}/thaw`,
    summary: 'Lets a frozen VM shard go on',
  }),
  moveVmShard: operation({
    ...onShard,
    method: 'POST',
    path: `${SHARD_PATH}/move`,
    summary: 'Moves a VM shard, with its state, to another instance',
    body: z.strictObject({
      to: instanceId
        .optional()
        .meta({ description: 'Default: the one with room in another Spot pool that fits best.' }),
    }),
  }),
};
