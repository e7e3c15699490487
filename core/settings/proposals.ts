import * as z from 'zod';

/** How keys inside a shard become shards of their own. */
export const proposalsSchema = z
  .strictObject({
    key: z
      .union([
        z.enum(['path', 'host']),
        z.strictObject({
          header: z
            .string()
            .regex(/^[A-Za-z0-9-]{1,40}$/, '1–40 letters, digits or hyphens')
            .describe('Name of the request header whose value is the key.'),
        }),
      ])
      .default('path')
      .describe(
        'What the keys are that instances count: path prefixes such as /cart/gift, host names, or values of a header.',
      ),
    share: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.2)
      .describe('Share of its shard’s load of the last day that a key must reach to deserve a shard.'),
    slices: z.number().min(0).max(10_000).default(1).describe('And so many slices’ worth of load.'),
    confidence: z
      .number()
      .min(0.5)
      .max(0.99)
      .default(0.7)
      .describe('Probability from which on it is proposed.'),
    accept: z
      .enum(['person', 'auto'])
      .default('person')
      .describe('person: by `foreshard proposals accept`; auto: as soon as it is proposed.'),
  })
  .prefault({})
  .describe('New shards for keys that grow inside one; needs keys in the instances’ reports.');

export type ProposalSettings = z.infer<typeof proposalsSchema>;
