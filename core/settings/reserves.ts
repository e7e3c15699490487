import * as z from 'zod';

/** Slices held ready for shards whose Spot instances may be taken. */
export const reservesSchema = z
  .strictObject({
    max: z
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe('Most slices that are reserved at once; 0: none, interruptions take the standard procedure.'),
  })
  .prefault({})
  .describe('Reserves: slices in another Spot pool than the one at risk, or On-Demand.');

export type ReservesSettings = z.infer<typeof reservesSchema>;
