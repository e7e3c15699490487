import * as z from 'zod';

/** A CloudWatch metric that stands for something of a shard. */
export const metricSchema = z.strictObject({
  namespace: z.string().min(1).max(255).describe('CloudWatch namespace, e.g. AWS/SQS.'),
  metric: z.string().min(1).max(255).describe('Name of the metric.'),
  dimensions: z
    .record(z.string().min(1).max(255), z.string().min(1).max(1024))
    .default({})
    .describe('All dimensions of the metric, by name.'),
  stat: z
    .string()
    .regex(
      /^(Sum|Average|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?)$/,
      'Sum, Average, Minimum, Maximum, SampleCount or p<percentile>',
    )
    .default('Average')
    .describe('Statistic over a minute.'),
  scale: z
    .number()
    .positive()
    .default(1)
    .describe('What the value is multiplied with, e.g. 0.01 for a percentage.'),
  perSecond: z
    .boolean()
    .default(false)
    .describe('Whether the value is divided by the seconds of its period.'),
});
