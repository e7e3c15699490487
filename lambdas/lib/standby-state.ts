import * as z from 'zod';
import type { StandbyInput } from '../../flows/activate-standby.ts';

/** The state of the machine `activate-standby`: its input, of the tick, and what its states have added. */
export const standbyState = z.object({
  instance: z.string().min(1),
  shard: z.string().min(1),
  reason: z.looseObject({ rule: z.string() }),
  at: z.number(),
  key: z.string().min(1),
  awakeBy: z.number(),
  /** A state that failed unexpectedly. */
  failure: z.looseObject({ Error: z.string(), Cause: z.string().optional() }).optional(),
});

export type StandbyState = z.output<typeof standbyState>;

export const standbyOf = (state: StandbyState): StandbyInput => state as unknown as StandbyInput;

export const standbyIds = ({ instance, shard }: StandbyState) => ({ instance, shard });
