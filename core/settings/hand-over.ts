import * as z from 'zod';

/** How a request says which part of a stateful shard's state it needs. */
const slotBySchema = z.union([
  z.strictObject({ header: z.string().min(1).max(40).describe('Name of a request header.') }),
  z.strictObject({ cookie: z.string().min(1).max(80).describe('Name of a cookie.') }),
  z.strictObject({
    path: z.int().min(0).max(15).describe('Segment of the path, counted from 0: in /room/17, 1 is "17".'),
  }),
]);

export const handOverSchema = z
  .strictObject({
    state: z
      .enum(['none', 'copy'])
      .default('none')
      .describe('Whether in-memory state is copied when a slice leaves.'),
    stateMiB: z
      .number()
      .min(0)
      .max(1_048_576)
      .default(0)
      .describe('Size of that state per slice (MiB), until the agent has measured it.'),
    dirtyPerSecond: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe('Share of the state that changes in a second, until the agent has measured it.'),
    slots: z
      .strictObject({
        count: z.int().min(1).max(256).default(1).describe('Parts into which the state divides.'),
        by: slotBySchema
          .optional()
          .describe('What names the slot of a request; it is hashed. Needed with more than one slot.'),
      })
      .prefault({})
      .describe('The state of a shard belongs to slots; each is held by one slice at a time.'),
    lease: z
      .int()
      .min(10)
      .max(300)
      .default(30)
      .describe(
        'Seconds after which a holder that cannot reach the table stops serving its slots, and another may take them.',
      ),
  })
  .prefault({})
  .describe('What a slice of this shard needs when it moves.');

export type HandOverSettings = z.infer<typeof handOverSchema>;
export type SlotBy = z.infer<typeof slotBySchema>;
