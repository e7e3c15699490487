import * as z from 'zod';
import * as p from './parts.ts';

/** Events of VM shards; part of the vocabulary. */
export const VM_EVENTS = {
  VmShardsAllocated: {
    about: 'An instance was divided into VM shards, or got more of them.',
    detail: z.object({
      instance: p.instance,
      vmShards: p.listOf(z.string()).describe('Names of all VM shards that it has now.'),
      version: p.count.describe('Version of the instance’s VM shards.'),
    }),
  },
  VmShardChanged: {
    about: 'A VM shard was resized, frozen, thawed or moved, or is being removed or gone.',
    detail: z.object({
      instance: p.instance,
      vmShard: z.string().describe('Name of the VM shard on its instance.'),
      state: z
        .enum(['running', 'freezing', 'frozen', 'moving', 'removing', 'removed', 'gone'])
        .describe('Where it stands now.'),
      version: p.count.describe('Version of the instance’s VM shards.'),
      vCPU: z.number().min(0).optional().describe('vCPUs; absent where it is gone, like the other sizes.'),
      RAM: p.count.optional().describe('Memory (MiB).'),
      storage: p.count.optional().describe('Disk (MiB).'),
      priority: p.count.optional().describe('Higher is interrupted later.'),
    }),
  },
} as const;
