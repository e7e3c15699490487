import { join } from 'node:path';
import * as z from 'zod';

/** Where the commands of this host speak to the agent. */
export const socketOf = (run: string) => join(run, 'agent.sock');

/** A slice of this host: its id or its port. */
const slice = z.string().min(1).max(100);

/** One request per connection, one line of JSON each way. Where no slice is named, the host has just one. */
export const requestSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('status') }),
  z.strictObject({ command: z.literal('activate'), shard: z.string(), slice: slice.optional() }),
  z.strictObject({ command: z.literal('deactivate'), shard: z.string(), slice: slice.optional() }),
  /** `target` is a slice of another host. */
  z.strictObject({ command: z.literal('hand-over'), slice, target: z.string() }),
]);

export type ControlRequest = z.infer<typeof requestSchema>;

export const answerSchema = z.union([
  z.strictObject({ ok: z.literal(true), output: z.string() }),
  z.strictObject({ ok: z.literal(false), error: z.string() }),
]);

export type ControlAnswer = z.infer<typeof answerSchema>;

/** A request is a few names. */
export const MOST_REQUEST = 4096;
