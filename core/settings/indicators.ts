import * as z from 'zod';
import { OTHERS } from '../forecast/indicators/sources.ts';
import { metricSchema } from './metric.ts';

/** Each is one more metric that CloudWatch is asked for, and one more series that may lead by chance. */
export const MOST_INDICATORS = 5;

/** One series that may lead a shard's load. */
export const indicatorSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(40)
    .refine((name) => name !== OTHERS, `another name than ${OTHERS}, which each shard has already`)
    .describe('What it is, for people, e.g. sign-ins.'),
  ...metricSchema.shape,
});

export const indicatorsSchema = z
  .array(indicatorSchema)
  .max(MOST_INDICATORS)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names that differ')
  .default([])
  .describe(
    'CloudWatch metrics that may lead the load (sign-ins, length of a queue). Whether one does, and by how long, is found from the data.',
  );

export type IndicatorSettings = z.infer<typeof indicatorSchema>;
