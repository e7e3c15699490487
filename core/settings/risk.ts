import * as z from 'zod';

/** What the likelihood and the cost of an interruption are made of, per shard. */
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
    dependsOn: z
      .array(z.string())
      .max(100)
      .default([])
      .describe('Shards that this one cannot work without: the edges of the dependency graph.'),
  })
  .prefault({})
  .describe('What an interruption of this shard costs.');

export type RiskSettings = z.infer<typeof riskSchema>;
