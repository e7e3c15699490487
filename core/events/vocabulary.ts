import * as z from 'zod';
import { modeSchema } from '../settings/schema.ts';
import { HAND_OVER_EVENTS } from './hand-over.ts';
import * as p from './parts.ts';
import { VM_EVENTS } from './vm.ts';

/**
 * Every event of Foreshard: one vocabulary for the code, the bus and the documentation (docs/events.md, made from
 * this). The key is the event's type, `detail-type` on the bus; the schema is that of its detail, to which the bus
 * adds `service` and `at`. Times are epoch seconds, durations seconds, sizes instances of weight 1, loads are in the
 * shard's unit. Add fields if need be; never change or remove one: others' automation reads them.
 */

interface Kind {
  /** When it is published, and what for. */
  readonly about: string;
  /** Shape of its detail, as the code gives it. */
  readonly detail: z.ZodObject;
}

const kind = <T extends z.ZodObject>(about: string, detail: T) => ({ about, detail });

export const EVENTS = {
  PlanMade: kind(
    'A plan was made and its effects were started, each minute and after arrivals and Spot notices.',
    z.object({
      moves: p.count.describe('Moves that were started.'),
      actions: p.count.describe('Changes to the fleet that were made.'),
      refused: p.count.describe(
        'What the plan asked for and was not done, each for a reason that is logged.',
      ),
      failed: p.count.describe('Effects that failed.'),
      findings: z
        .record(z.string(), p.count)
        .describe('How many findings of each kind the plan has, e.g. `{"LoadLate": 2}`.'),
    }),
  ),
  ShardScaled: kind(
    'The size that the plan wants for a shard has changed. In shadow: what it would want.',
    z.object({
      shard: p.shard,
      from: p.instances.describe('Wanted by the plan before (instances).'),
      to: p.instances.describe('Wanted now (instances).'),
      rule: z.string().describe('The rule that asked for it, e.g. forecast, guarantee, reactive, release.'),
      mode: modeSchema.describe('Mode of the shard; in shadow nothing is done about it.'),
    }),
  ),
  SliceMoved: kind(
    'A move is done: the slice serves where it should, or is free.',
    z.object({
      move: p.move,
      slice: p.slice,
      from: p.end.describe('Where it was.'),
      to: p.end.describe('Where it is.'),
    }),
  ),
  MoveFailed: kind(
    'A move failed; the slice went the way back.',
    z.object({
      move: p.move,
      slice: p.slice,
      step: z.string().describe('The step that failed, e.g. claim, drain, activate, health.'),
      error: p.error,
      left: z
        .string()
        .describe('Where the slice was left: unchanged, ready, draining, stuck, gone, lost or unknown.'),
    }),
  ),
  GuaranteeAtRisk: kind(
    'A shard has, and is about to have, less than it is guaranteed.',
    z.object({
      shard: p.shard,
      guarantee: p.instances.describe('Guaranteed (instances).'),
      have: p.instances.describe('Serving or on its way after this plan (instances).'),
      since: p.since,
    }),
  ),
  PoolExhausted: kind(
    'Shards ask for more slices than the ready pool has.',
    z.object({
      wanted: p.count.describe('Claims that stay open, in slices of the smallest size.'),
      had: p.count.describe('Slices that were ready.'),
      since: p.since,
    }),
  ),
  FleetAtMax: kind(
    'The plan would start more, but the fleet is at `fleet.max`.',
    z.object({
      wanted: z.number().min(0).describe('Slices (of the smallest size) that cannot be started.'),
      max: p.count.describe('`fleet.max` (instances).'),
      since: p.since,
    }),
  ),
  LoadLate: kind(
    'No load of a shard has been measured for minutes. Late is not zero: forecasts go on from what was known.',
    z.object({
      shard: p.shard,
      age: p.seconds.optional().describe('Age of the newest load (s); absent when none was ever measured.'),
      since: p.since,
    }),
  ),
  ForecastLate: kind(
    'A shard has no forecast, an old one, or one made from old load: its size may grow, and does not shrink.',
    z.object({
      shard: p.shard,
      age: p.seconds
        .optional()
        .describe(
          'Age of the newest forecast, or of the load that it knows where that is late (s); absent when there is none.',
        ),
      since: p.since,
    }),
  ),
  Resolved: kind(
    'A finding (GuaranteeAtRisk, PoolExhausted, FleetAtMax, LoadLate, ForecastLate, ForecastAnomaly) has ended.',
    z.object({
      finding: z.enum(p.FINDINGS).describe('Which one.'),
      shard: p.shard.optional(),
      since: p.since,
    }),
  ),
  RebalanceRecommended: kind(
    'AWS recommends to leave a Spot instance: the plan replaces it before the notice comes.',
    z.object({ instance: p.instance, shards: p.listOf(p.shard).describe('Shards that have slices on it.') }),
  ),
  InterruptionNoticed: kind(
    'Spot takes an instance.',
    z.object({
      instance: p.instance,
      deadline: p.stamp.describe('When it ends at the latest (epoch seconds).'),
      shards: p.listOf(p.shard).describe('Shards that have slices on it.'),
    }),
  ),
  InstanceEvacuated: kind(
    'The slices of an interrupted instance have left their shards, as far as there was time.',
    z.object({
      instance: p.instance,
      slices: p.count.describe('Slices that left in time.'),
      late: p.listOf(p.slice).describe('Slices that went with the instance.'),
    }),
  ),
  ...HAND_OVER_EVENTS,
  ...VM_EVENTS,
  InstanceArrived: kind(
    'A new instance runs; its slices are ready.',
    z.object({ instance: p.instance, slices: p.listOf(p.slice).describe('Its slices.') }),
  ),
  InstanceLost: kind(
    'An instance stopped or ended while it still had slices. (One that the plan released has none left.)',
    z.object({
      instance: p.instance,
      slices: p.listOf(p.slice).describe('Slices that went with it.'),
      shards: p.listOf(p.shard).describe('Shards that they belonged to.'),
    }),
  ),
  DriftCorrected: kind(
    'The table and the fleet did not agree, or a workflow had died half-way: it was put right.',
    z.object({
      added: p.listOf(p.slice).describe('Slices of instances whose arrival nobody heard of.'),
      removed: p.listOf(p.slice).describe('Slices of instances that have gone.'),
      recovered: p.listOf(p.slice).describe('Slices brought to where they belong.'),
      evicted: p.listOf(p.slice).describe('Slices taken out of their shard.'),
      retired: p.listOf(p.instance).describe('Instances given up because they are unhealthy.'),
    }),
  ),
  StandbyActivated: kind(
    'A powered-down standby instance is up, and its slices are on their way into the shard.',
    z.object({ shard: p.shard, instance: p.instance }),
  ),
  StandbyFailed: kind(
    'A powered-down standby instance did not come up in time.',
    z.object({ shard: p.shard, instance: p.instance, error: p.error }),
  ),
  ModeSwitched: kind(
    'The mode of a shard was switched without a deploy.',
    z.object({
      shard: p.shard,
      from: modeSchema.describe('Mode before.'),
      to: modeSchema.describe('Mode now.'),
      by: z.string().describe('Who switched it.'),
    }),
  ),
  SettingsChanged: kind(
    'The plan has read changed settings for the first time.',
    z.object({
      etag: z.string().describe('ETag of the settings in the bucket.'),
      added: p.listOf(p.shard).describe('Shards that were not there at the plan before.'),
      removed: p.listOf(p.shard).describe('Shards that were.'),
    }),
  ),
  RoutesSynced: kind(
    'Target groups and listener rules have been brought in line with the settings.',
    z.object({
      etag: z.string().optional().describe('ETag of the settings that they follow.'),
      created: p.listOf(p.shard).describe('Shards that got a target group or rule.'),
      changed: p.listOf(p.shard).describe('Shards whose target group or rule was changed.'),
      removed: p.listOf(p.shard).describe('Shards whose target group and rule were removed.'),
      failed: p
        .listOf(z.object({ shard: p.shard, error: p.error }))
        .describe('Shards that could not be done.'),
    }),
  ),
  TickFailed: kind(
    'A tick, or a part of it, failed. The next one plans from what is.',
    z.object({
      good: z.boolean().describe('Whether a plan was made and carried out all the same.'),
      count: p.count.describe('How many things failed.'),
      failures: p
        .listOf(z.object({ what: z.string().describe('What was tried.'), error: p.error }))
        .describe('The first of them.'),
    }),
  ),
  ForecastAnomaly: kind(
    'The load of a shard is far outside its forecast, or cannot be. What is not believed (`withheld`) changes no size.',
    z.object({
      shard: p.shard,
      load: z.number().min(0).describe('Measured (the shard’s unit).'),
      median: z.number().min(0).describe('Forecast for that time: median (the shard’s unit).'),
      low: z.number().min(0).describe('Forecast for that time: 0.01 quantile (the shard’s unit).'),
      high: z.number().min(0).describe('Forecast for that time: 0.99 quantile (the shard’s unit).'),
      time: p.stamp.describe('Time of the first such load (epoch seconds).'),
      what: z
        .enum(['flat', 'zero', 'jump', 'shift'])
        .describe(
          'flat: the same value again and again; zero: nothing where there always was something; jump: many times more or less; shift: a new level, taken for true.',
        ),
      withheld: z
        .boolean()
        .describe('Whether the load is not believed: it is kept from the forecast, and the size is held.'),
      since: p.since,
    }),
  ),
  ShardProposed: kind(
    'A part of a shard’s load will be worth a shard of its own. Once for each, when it is first seen.',
    z.object({
      shard: p.shard.describe('Name that is proposed.'),
      of: p.shard.describe('The shard whose load it takes.'),
      key: z
        .string()
        .describe(
          'What its requests have in common, as the instances count it: letters, digits and `._~/-`.',
        ),
      route: z.string().describe('Route that would lead to it, e.g. a path pattern.'),
      load: z.number().min(0).describe('Its load now (the shard’s unit).'),
      share: z.number().min(0).describe('Its load over that of the shard in the last day.'),
      expected: z
        .object({
          q50: z.number().min(0).describe('Median (the shard’s unit).'),
          q90: z.number().min(0).describe('0.9 quantile (the shard’s unit).'),
          q95: z.number().min(0).describe('0.95 quantile (the shard’s unit).'),
        })
        .describe('The highest load that it will keep up for six hours within a day.'),
      confidence: z.number().min(0).max(1).describe('Probability that it will deserve a shard within a day.'),
      readyBy: p.stamp.describe('When instances should be ready for it (epoch seconds).'),
      blocked: z
        .string()
        .optional()
        .describe('Why it cannot be accepted as things are; absent where it can.'),
      why: z.string().describe('What was seen, for people.'),
    }),
  ),
} as const satisfies Readonly<Record<string, Kind>>;

export type EventType = keyof typeof EVENTS;
/** Detail of each event as the code gives it. */
export type EventDetails = { readonly [T in EventType]: z.infer<(typeof EVENTS)[T]['detail']> };
