import * as z from 'zod';
import { end } from '../events/parts.ts';
import { modeSchema } from '../settings/schema.ts';
import { shardName, sliceId, stamp } from './ids.ts';
import { operation, pageOf, pageQuery } from './operation.ts';

const instances = (description: string) => z.number().min(0).meta({ description });
const load = (description: string) => z.number().meta({ description: `${description} (the shard’s unit).` });

const reasonSchema = z
  .looseObject({
    rule: z.string().meta({ description: 'Rule that asked for it, e.g. forecast, guarantee, reserve.' }),
    ahead: z.number().optional().meta({ description: 'Seconds ahead for which it was decided.' }),
    forecast: z
      .object({ median: z.number(), q90: z.number(), q99: z.number() })
      .optional()
      .meta({ description: 'Forecast load at that time (the shard’s unit).' }),
    need: load('Needed then').optional(),
    have: load('There then').optional(),
    value: z.number().optional().meta({ description: 'Expected value over cost; above 1 it pays.' }),
    considered: z.array(z.string()).optional().meta({ description: 'What else was considered, in words.' }),
  })
  .meta({ id: 'Reason' });

const planSchema = z
  .object({
    at: stamp,
    have: load('Capacity that serves'),
    coming: load('Capacity on its way'),
    want: load('Capacity that is wanted'),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ShardPlan', description: 'What the newest plan says of it; absent before the first.' });

const summary = {
  kind: z.literal('service'),
  shardID: shardName,
  mode: modeSchema.meta({ description: 'shadow: nothing is touched; hold: only replaced; active.' }),
  priority: z.number(),
  guarantee: instances('Guaranteed capacity (instances of weight 1).'),
  unit: z.string().meta({ description: 'Unit of its load.' }),
  perInstance: z.number().meta({ description: 'Load that an instance of weight 1 serves.' }),
  plan: planSchema.optional(),
};

const shardSummary = z.object(summary).meta({ id: 'ServiceShard' });

const placedSlice = z
  .object({
    slice: sliceId,
    placement: z.enum(['ready', 'reserved', 'activating', 'active', 'draining']),
    since: stamp,
    until: stamp.optional().meta({ description: 'When a reservation ends (epoch seconds).' }),
    holder: z.string().optional().meta({ description: 'Workflow that holds it.' }),
  })
  .meta({ id: 'PlacedSlice' });

const toldMove = z
  .object({
    id: z.string(),
    at: stamp,
    slice: sliceId,
    from: end,
    to: end,
    reason: reasonSchema,
    outcome: z.enum(['under-way', 'done', 'failed', 'lost-claim']),
    doneAt: stamp.optional(),
    error: z.string().optional(),
  })
  .meta({ id: 'ToldMove' });

const params = z.object({ shard: shardName });

export const SHARDS = {
  listShards: operation({
    method: 'GET',
    path: '/shards',
    tag: 'Service shards',
    summary: 'Shards of the service, by name',
    query: z.strictObject(pageQuery),
    status: 200,
    response: pageOf(shardSummary).meta({ id: 'ServiceShardPage' }),
    problems: [],
  }),
  getShard: operation({
    method: 'GET',
    path: '/shards/{shard}',
    tag: 'Service shards',
    summary: 'One shard of the service, with its slices',
    params,
    status: 200,
    response: z.object({ ...summary, slices: z.array(placedSlice) }).meta({ id: 'ServiceShardDetail' }),
    problems: ['not-found'],
  }),
  explainShard: operation({
    method: 'GET',
    path: '/shards/{shard}/explanation',
    tag: 'Service shards',
    summary: 'Why a shard has what it has: the newest plan, and each move with its reason',
    params,
    query: z.strictObject({
      ...pageQuery,
      hours: z.coerce
        .number()
        .int()
        .min(1)
        .max(72)
        .default(6)
        .meta({ description: 'How far back moves are told.' }),
    }),
    status: 200,
    response: z
      .object({
        kind: z.literal('service'),
        shardID: shardName,
        plan: planSchema.optional(),
        moves: pageOf(toldMove).meta({ id: 'ToldMovePage', description: 'Newest first.' }),
      })
      .meta({ id: 'Explanation' }),
    problems: ['not-found'],
  }),
};
