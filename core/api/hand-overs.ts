import * as z from 'zod';
import { instanceId, shardId, shardName, sliceId, stamp } from './ids.ts';
import { operation, pageOf, pageQuery } from './operation.ts';

const number = (description: string) => z.number().meta({ description });

const handOver = z
  .object({
    id: z.string(),
    shard: shardName,
    source: sliceId,
    target: sliceId,
    slots: z.array(z.int().min(0)).meta({ description: 'Slots that are handed over.' }),
    cause: z.enum(['interruption', 'rebalance', 'planned']),
    phase: z.enum(['open', 'copying', 'switching', 'done', 'failed']),
    go: z.boolean().meta({ description: 'Whether it switches as soon as the copy is good enough.' }),
    at: stamp,
    deadline: stamp.optional(),
    progress: z
      .looseObject({
        at: stamp,
        copiedBytes: number('Bytes copied so far.'),
        dirtyBytes: number('Bytes left as of the last round.'),
        predictedPause: number('Seconds that the switch would take now.'),
        pause: number('Seconds that it took.').optional(),
      })
      .optional(),
    error: z.string().optional(),
  })
  .meta({ id: 'HandOver' });

const started = z
  .object({
    execution: z.string().optional().meta({ description: 'Name of the workflow’s execution.' }),
    instance: instanceId,
    slices: z.array(sliceId),
    movesTo: sliceId
      .optional()
      .meta({ description: 'Slice that a VM shard moves to; the plan goes on with it.' }),
  })
  .meta({ id: 'StartedHandOver' });

export const HAND_OVERS = {
  handleShardInterruption: operation({
    method: 'POST',
    path: '/interruptions',
    tag: 'Either kind',
    summary: 'Takes a shard off its instance: state copied, traffic redirected, then shut down',
    description:
      'Service shard: starts the `hand-over` workflow without a deadline, once per instance, for all its slices or those on one instance; where nobody can take the state over, the slice is kept and serves on. VM shard: that one alone is moved to another instance; where none has room it is taken out of its traffic by the same workflow.',
    body: z.strictObject({
      shardID: shardId,
      instance: instanceId.optional().meta({ description: 'Only slices on this one (service shards).' }),
    }),
    status: 202,
    response: z
      .object({
        kind: z.enum(['service', 'vm']),
        shardID: shardId,
        started: z.array(started),
      })
      .meta({ id: 'Interruption' }),
    problems: ['not-found', 'conflict', 'refused'],
  }),
  listHandOvers: operation({
    method: 'GET',
    path: '/hand-overs',
    tag: 'Service',
    summary: 'The newest hand-over of each slice that had one in the last days',
    query: z.strictObject({ ...pageQuery, shardID: shardName.optional() }),
    status: 200,
    response: pageOf(handOver).meta({ id: 'HandOverPage' }),
    problems: [],
  }),
};
