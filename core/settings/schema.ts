import * as z from 'zod';
import { calendarSchema, holidaysSchema, timeZoneSchema } from './calendar.ts';
import { handOverSchema } from './hand-over.ts';
import { indicatorsSchema } from './indicators.ts';
import { metricSchema } from './metric.ts';
import { NAME } from './name.ts';
import { proposalsSchema } from './proposals.ts';
import { reservesSchema } from './reserves.ts';
import { riskSchema } from './risk.ts';
import { vmSchema, vmSizeSchema } from './vm.ts';

/**
 * The settings of one service: one YAML file, described here and nowhere else. The JSON Schema for editors is
 * generated from this (`npm run schema`). Durations are seconds, shares are in [0, 1], money is in $.
 */

const name = z.string().regex(NAME, '1–32 letters, digits or hyphens, not starting or ending with a hyphen');
const seconds = (max: number) => z.number().min(0).max(max);
const count = (max: number) => z.int().min(0).max(max);

/** $ of an m7i.large in us-east-1, On-Demand, Linux. */
export const DEFAULT_INSTANCE_HOUR = 0.1008;

export const modeSchema = z.enum(['shadow', 'hold', 'active']);

export const shardSchema = z
  .strictObject({
    name: name.describe('Unique name of the shard; also its metric dimension and target-group name.'),
    route: z
      .union([
        z.strictObject({ path: z.string().startsWith('/').max(128).describe('Path pattern, e.g. /cart/*.') }),
        z.strictObject({ host: z.string().min(1).max(128).describe('Host name of the shard alone.') }),
        z.strictObject({
          header: z.string().min(1).max(40).describe('Name of a request header.'),
          value: z.string().min(1).max(128).describe('What it must be.'),
        }),
      ])
      .optional()
      .describe('How requests reach the shard. Default: path /<name>/*.'),
    priority: z.int().min(0).max(1000).default(100).describe('Higher is served first under contention.'),
    guarantee: z
      .number()
      .min(0)
      .max(100_000)
      .default(1)
      .describe(
        'Instances that the shard always gets, whatever the contention; a part of one where instances are divided into slices.',
      ),
    max: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Most instances that it may have. Default: fleet.max.'),
    targetGroup: z
      .string()
      .regex(
        /^arn:[\w-]+:elasticloadbalancing:[\w-]+:\d{12}:targetgroup\/[\w-]+\/[0-9a-f]+$/,
        'the ARN of a target group',
      )
      .optional()
      .describe(
        'An existing target group that the shard keeps; then route-sync makes neither group nor rule.',
      ),
    health: z
      .strictObject({
        path: z.string().startsWith('/').max(1024).default('/health').describe('Path of the health check.'),
      })
      .prefault({})
      .describe('How the load balancer checks a slice.'),
    measure: z
      .strictObject({
        load: metricSchema.optional().describe('Default: requests per second of the target group.'),
        latency: metricSchema
          .optional()
          .describe('In seconds. Default: TargetResponseTime (p90) of the target group.'),
        utilization: z
          .array(metricSchema)
          .max(10)
          .default([])
          .describe('Shares of 1, e.g. CPU, memory, queue; the highest counts.'),
      })
      .prefault({})
      .describe('CloudWatch metrics of the shard, where the usual ones are not the right ones.'),
    maxMovesPerTick: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Most moves of the shard that one plan starts. Default: fleet.maxMovesPerTick.'),
    capacity: z
      .strictObject({
        perInstance: z.number().positive().describe('Load that one instance of weight 1 serves, in `unit`.'),
        unit: z.string().min(1).max(40).default('requests/s').describe('Unit of the load, for people.'),
      })
      .describe('What one instance can do for this shard.'),
    maxWait: seconds(3600)
      .default(0)
      .describe('How long load may wait in a queue before it counts as unmet (s).'),
    standby: z
      .strictObject({
        instances: z.int().min(1).max(1000).describe('Instances kept configured and powered down.'),
        wakeAbove: z
          .number()
          .min(0)
          .default(0)
          .describe('Forecast load (0.9 quantile) above which it is woken.'),
        sleepAfter: seconds(7 * 86_400)
          .default(3600)
          .describe('Without load for this long, it goes back to standby (s).'),
      })
      .optional()
      .describe(
        'A cold standby shard: fully configured, powered down until forecast, event or load wakes it.',
      ),
    indicators: indicatorsSchema,
    handOver: handOverSchema,
    risk: riskSchema,
    react: z
      .strictObject({
        utilization: z
          .number()
          .min(0.05)
          .max(1)
          .default(0.9)
          .describe('Above this share of capacity in use the shard gets more, whatever the forecast says.'),
        latency: z
          .number()
          .positive()
          .optional()
          .describe('Above this latency (s) the shard gets more, whatever the forecast says.'),
      })
      .prefault({})
      .describe('Adjustment from what is measured, on top of the forecast.'),
    mode: modeSchema
      .default('shadow')
      .describe('shadow: nothing is touched; hold: only what is lost is replaced; active.'),
  })
  .describe('One functional subset of the service, with its own route and target group.');

export const instanceTypeSchema = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'an EC2 instance type such as m7i.large')
    .describe('EC2 instance type.'),
  weight: z.number().positive().max(64).default(1).describe('Capacity relative to an instance of weight 1.'),
  size: vmSizeSchema
    .optional()
    .describe('Needed for VM shards on types other than the usual c, m, r and t ones. Default: by its name.'),
  interruptionClass: z
    .int()
    .min(0)
    .max(4)
    .optional()
    .describe('Spot Advisor’s class: 0 below 5 % a month, 1 to 10, 2 to 15, 3 to 20, 4 above. Default: 2.'),
});

const leadTime = (typical: number) =>
  z
    .strictObject({
      seconds: z.number().positive().max(3600).default(typical).describe('Typical time (s).'),
      spread: z
        .number()
        .min(0)
        .max(1)
        .default(0)
        .describe('Relative standard deviation, for the backtest’s world.'),
    })
    .prefault({});

export const settingsSchema = z
  .strictObject({
    service: name.describe('Name of the service.'),
    shards: z.array(shardSchema).min(1).max(20_000).describe('The shards of the service.'),
    readyPool: z
      .strictObject({
        target: z
          .union([z.literal('auto'), count(100_000)])
          .default('auto')
          .describe(
            'auto: sized from joint forecast uncertainty, lead times and interruption risk; or a fixed number of instances.',
          ),
        max: count(100_000).default(10).describe('Upper bound of the ready pool (instances).'),
      })
      .prefault({})
      .describe('Running instances that are initialised and bound to no shard.'),
    fleet: z
      .strictObject({
        max: z
          .int()
          .min(1)
          .max(200_000)
          .describe('Most running instances, ready and draining ones included.'),
        instanceTypes: z
          .array(instanceTypeSchema)
          .min(1)
          .max(40)
          .default([{ type: 'm7i.large', weight: 1 }])
          .describe('Types that the groups may launch.'),
        zones: z
          .array(z.string().min(1).max(40))
          .min(1)
          .max(12)
          .default(['a', 'b', 'c'])
          .describe('Availability zones.'),
        spotShare: z
          .number()
          .min(0)
          .max(1)
          .default(0)
          .describe('Share of the running capacity that is Spot.'),
        warmMax: count(100_000)
          .optional()
          .describe('Most stopped instances in the warm pool. Default: fleet.max.'),
        slicesPerInstance: z
          .int()
          .min(1)
          .max(64)
          .default(1)
          .describe('Equal parts into which an instance is divided, so that small shards share one.'),
        reserves: reservesSchema,
        maxMovesPerTick: z.int().min(1).max(10_000).default(200).describe('Most moves that one plan starts.'),
        leadTimes: z
          .strictObject({
            cold: leadTime(240).describe('From launch to ready, initialisation included.'),
            warm: leadTime(60).describe('From stopped in the warm pool to ready.'),
            standby: leadTime(90).describe('From a powered-down standby to ready.'),
            activate: leadTime(10).describe('From ready to serving a shard, health check included.'),
            drain: leadTime(60).describe('From deregistered to unused.'),
          })
          .prefault({})
          .describe('Seconds per origin, measured rather than assumed.'),
        launchFailures: z
          .number()
          .min(0)
          .max(0.5)
          .default(0)
          .describe('Share of launches that fail, for the backtest’s world.'),
        interruptionsPerDay: z
          .number()
          .min(0)
          .max(24)
          .default(0.02)
          .describe(
            'Spot interruptions per instance and day: the prior of the ready pool, and the backtest’s rate without a trace.',
          ),
      })
      .describe('The machines: how many, which, how long they take.'),
    metrics: z
      .strictObject({
        delay: seconds(900)
          .default(0)
          .describe(
            'How late load metrics arrive (s). On AWS 0 is what the source takes: 60 with cloudwatch.',
          ),
        source: z
          .enum(['cloudwatch', 'reporter'])
          .default('cloudwatch')
          .describe('cloudwatch: what AWS measures; reporter: what the instances report (fresher, cheaper).'),
        every: z
          .int()
          .min(60)
          .max(900)
          .default(60)
          .describe('How often CloudWatch is asked (s): each shard costs $0.01 per 1,000 times.'),
        hosts: z
          .boolean()
          .default(false)
          .describe(
            'Whether CPU and memory of each serving instance are read from CloudWatch; the reporter brings them.',
          ),
      })
      .prefault({})
      .describe('Where the load is measured.'),
    forecast: z
      .strictObject({
        every: z.int().min(60).max(3600).default(60).describe('How often each shard is forecast on AWS (s).'),
        withhold: z
          .int()
          .min(0)
          .max(6 * 3600)
          .default(3600)
          .describe(
            'Load that cannot be (nothing, the same value, or a thousand times more all at once) is not believed, and the size is held, for at most so long (s). 0: all is believed.',
          ),
      })
      .prefault({})
      .describe('The load analyser.'),
    timeZone: timeZoneSchema,
    calendar: calendarSchema,
    holidays: holidaysSchema,
    proposals: proposalsSchema,
    vm: vmSchema,
    costs: z
      .strictObject({
        instanceHour: z
          .number()
          .positive()
          .default(DEFAULT_INSTANCE_HOUR)
          .describe('$ per On-Demand instance of weight 1 and hour.'),
        spotInstanceHour: z
          .number()
          .positive()
          .default(0.04)
          .describe('$ per Spot instance of weight 1 and hour.'),
        stoppedShare: z
          .number()
          .min(0)
          .max(1)
          .default(0.02)
          .describe('Price of a stopped instance over that of a running one.'),
        unmetInstanceHour: z
          .number()
          .positive()
          .default(1.5)
          .describe('$ for an hour in which as much load as one instance serves is left unserved.'),
        unmetUnitHour: z
          .number()
          .positive()
          .optional()
          .describe(
            '$ per unit of load left unserved for an hour, the same for all shards: for shards that share one unit. Where unmetInstanceHour comes to more, that counts.',
          ),
      })
      .prefault({})
      .describe('What instances and unmet load cost.'),
  })
  .describe('Settings of a Foreshard service.');

export type Mode = z.infer<typeof modeSchema>;
export type ShardSettings = z.infer<typeof shardSchema>;
export type Settings = z.infer<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
