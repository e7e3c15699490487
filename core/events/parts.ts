import * as z from 'zod';

/** What the schemas of several events are made of. */

export const shard = z.string().describe('Name of the shard.');
export const instance = z.string().describe('EC2 instance id.');
export const slice = z.string().describe('`<instance id>:<port>`.');
export const move = z.string().describe('Id of the move, the same in the plan, the workflow and the table.');
export const error = z.string().describe('Name and message of the error, for people.');
export const stamp = z.number().describe('Epoch seconds, UTC.');
export const seconds = z.number().min(0).describe('Seconds.');
export const count = z.int().min(0);
/** In instances of weight 1; a part of one where instances are divided. */
export const instances = z.number().min(0);
export const listOf = <T extends z.ZodType>(of: T) => z.array(of).readonly();

/** One end of a move. */
export const end = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready').describe('In the ready pool: bound to no shard.') }),
  z.object({ kind: z.literal('active').describe('Serves the shard.'), shard }),
  z.object({
    kind: z.literal('reserved').describe('Held for the shard; serves nothing.'),
    shard,
    until: stamp.optional().describe('When the reservation ends (epoch seconds), where one begins.'),
  }),
]);

export const FINDINGS = [
  'GuaranteeAtRisk',
  'PoolExhausted',
  'FleetAtMax',
  'LoadLate',
  'ForecastLate',
  'ForecastAnomaly',
] as const;

/** When a finding first appeared: it is published then, again every ten minutes while it lasts, and `Resolved` at its end. */
export const since = stamp.describe('When it began (epoch seconds).');
