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
    lossCost: z
      .number()
      .min(0)
      .max(1_000_000)
      .default(5)
      .describe(
        '$ that it costs when Spot takes a slice whose interruption costs most, and nobody has its state.',
      ),
    hold: z
      .int()
      .min(300)
      .max(86_400)
      .default(900)
      .describe('Seconds for which a slice is reserved; it is held on as long as it is wanted.'),
    unannounced: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe(
        'Share of interruptions whose notice is the first that is heard of them; before the others there is time to start a reserve.',
      ),
    perZone: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .describe(
        'Most Spot instances in one zone, so that its loss can be absorbed; the rest stays On-Demand. Default: no bound, and the group chooses the zones.',
      ),
    gbps: z
      .number()
      .positive()
      .max(400)
      .default(0.78)
      .describe('What the network carries from one instance to another for long (Gbit/s).'),
  })
  .prefault({})
  .describe('Reserves: slices in another Spot pool than the one at risk, or On-Demand.');

export type ReservesSettings = z.infer<typeof reservesSchema>;
