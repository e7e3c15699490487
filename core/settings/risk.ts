import * as z from 'zod';

const threshold = z.number().positive().max(1e9);

const profileSchema = z
  .strictObject({
    cpu: threshold.default(0.8).describe('Share of CPU in use.'),
    memory: threshold.default(0.85).describe('Share of memory in use.'),
    io: threshold.default(0.7).describe('Share of time in which a disk is busy.'),
    inFlight: threshold.optional().describe('Transactions in flight. Default: twice what is usual.'),
    sessions: threshold.optional().describe('Sessions. Default: twice what is usual.'),
  })
  .prefault({})
  .describe('Application profile: values from which on an interruption hurts as much as it can.');

/** What the cost of an interruption is made of, per shard. */
export const riskSchema = z
  .strictObject({
    weights: z
      .strictObject({
        dataLoss: z.number().min(0).max(1).default(0.5).describe('State that is gone.'),
        rollback: z.number().min(0).max(1).default(0.3).describe('Transactions that are cut off.'),
        degraded: z.number().min(0).max(1).default(0.2).describe('Capacity that is missing meanwhile.'),
      })
      .prefault({})
      .describe('How much each part of the cost counts.'),
    profile: profileSchema,
    dependsOn: z
      .array(z.string())
      .max(100)
      .default([])
      .describe('Shards that this one cannot work without: the edges of the dependency graph.'),
  })
  .prefault({})
  .describe('What an interruption of this shard costs.');

export type RiskSettings = z.infer<typeof riskSchema>;
