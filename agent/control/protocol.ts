import { join } from 'node:path';
import * as z from 'zod';

/** Where the commands of this host speak to the agent. */
export const socketOf = (run: string) => join(run, 'agent.sock');

/** One request per connection, one line of JSON each way. */
export const requestSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('status') }),
  z.strictObject({ command: z.literal('activate'), slice: z.string(), shard: z.string() }),
  z.strictObject({ command: z.literal('deactivate'), slice: z.string(), shard: z.string().optional() }),
  z.strictObject({ command: z.literal('hand-over'), slice: z.string(), target: z.string() }),
]);

export type ControlRequest = z.infer<typeof requestSchema>;

export const answerSchema = z.union([
  z.strictObject({ ok: z.literal(true), output: z.string() }),
  z.strictObject({ ok: z.literal(false), error: z.string() }),
]);

export type ControlAnswer = z.infer<typeof answerSchema>;

/** A request is a few names. */
export const MOST_REQUEST = 4096;
