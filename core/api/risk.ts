import * as z from 'zod';
import { instanceId, shardId, shardName, sliceId, stamp } from './ids.ts';
import { operation } from './operation.ts';

const share = z.number().min(0).max(1);
const parts = z
  .record(z.string(), z.number())
  .meta({ description: 'What made it so: metric or rule, and its part.' });

const sliceRisk = z
  .object({
    slice: sliceId,
    instance: instanceId,
    shard: shardName,
    pool: z
      .object({ type: z.string(), zone: z.string() })
      .optional()
      .meta({ description: 'Spot pool; absent: On-Demand.' }),
    likelihood: z
      .object({ within15: share, within60: share, parts })
      .meta({ description: 'Probability of an interruption within 15 and 60 minutes.' }),
    cost: z
      .object({ total: share, dataLoss: share, rollback: share, degraded: share, parts })
      .meta({ description: 'What an interruption would cost.' }),
    score: share.meta({ description: 'likelihood.within60 × cost.total' }),
    stateMiB: z.number().min(0).meta({ description: 'State to copy (MiB).' }),
    dirtyMiBps: z.number().min(0).meta({ description: 'State that changes (MiB/s).' }),
  })
  .meta({ id: 'SliceRisk' });

export const RISK = {
  getInterruptionRisk: operation({
    method: 'GET',
    path: '/interruption-risk',
    tag: 'Either kind',
    summary: 'Interruption risk of a shard, with its parts',
    description:
      'The score of a shard is the largest of its slices’. A VM shard has the likelihood of its instance and its own cost.',
    query: z.strictObject({ shardID: shardId }),
    status: 200,
    response: z
      .object({
        kind: z.enum(['service', 'vm']),
        shardID: shardId,
        at: stamp,
        score: share.meta({ description: 'Interruption risk score: the largest of the slices’.' }),
        slices: z.array(sliceRisk).meta({ description: 'Serving slices, highest score first.' }),
      })
      .meta({ id: 'InterruptionRisk' }),
    problems: ['not-found'],
  }),
};
