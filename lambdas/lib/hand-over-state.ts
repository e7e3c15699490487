import * as z from 'zod';
import type { Before, Departing } from '../../flows/hand-over.ts';
import type { Ours } from '../../flows/hand-over-follow.ts';
import type { HandOverInput, Leaving } from '../../flows/hand-over-input.ts';

/**
 * The state of the machine `hand-over`: its input, and in each item of its Map a slice that leaves with what the states
 * have added. Payloads of the steps are this state whole.
 */

const seconds = z.number();
const slice = z.string().min(3);
const part = z.object({ target: slice, slots: z.array(z.int().min(0)) });

export const handOverInput = z.union([
  z.object({
    cause: z.literal('planned'),
    at: seconds,
    instance: z.string().min(1).optional(),
    slices: z.array(slice).optional(),
    by: seconds.optional(),
    part: part.optional(),
  }),
  z.object({
    cause: z.literal('interruption').optional(),
    instance: z.string().min(1),
    at: seconds,
    deadline: seconds,
  }),
]);

export const inputOf = (state: z.output<typeof handOverInput>): HandOverInput => state as HandOverInput;

/** Of an error that a machine has caught. */
const caught = z.looseObject({ Error: z.string(), Cause: z.string().optional() });

export const leavingState = z.object({
  slice,
  instance: z.string().min(1),
  shard: z.string().min(1).optional(),
  serves: z.boolean().optional(),
  cause: z.enum(['interruption', 'rebalance', 'planned']).default('interruption'),
  deadline: seconds.optional(),
  /** Absent in executions that began before there was one: the deadline. */
  by: seconds.optional(),
  drainAt: seconds.optional(),
  holder: z.string().min(1).optional(),
  part: part.optional(),
  /** OpenHandOver. */
  opened: z
    .union([
      z.object({
        outcome: z.literal('copying'),
        id: z.string().min(1),
        target: slice,
        slots: z.array(z.int().min(0)).optional(),
        failed: z.array(slice),
        done: z.boolean().optional(),
      }),
      z.object({ outcome: z.literal('waiting'), failed: z.array(slice), done: z.boolean().optional() }),
      z.looseObject({ outcome: z.enum(['empty', 'handed-over', 'refused']) }),
      caught,
    ])
    .optional(),
  /** AwaitHandOver. */
  awaited: z
    .union([z.object({ outcome: z.enum(['again', 'done', 'failed']), error: z.string().optional() }), caught])
    .optional(),
});

export type LeavingState = z.output<typeof leavingState>;

/** The slice that leaves, as the flows take it. */
export function leavingOf(state: LeavingState): Omit<Leaving, 'drainAt' | 'drainStamp' | 'serves'> {
  const { by = state.deadline ?? 0, holder = `interruption/${state.instance}`, ...rest } = state;
  return { ...rest, by, holder } as Omit<Leaving, 'drainAt' | 'drainStamp' | 'serves'>;
}

/** Undefined: it is bound to no shard, and has nothing to hand over. */
export function departingOf(state: LeavingState): Departing | undefined {
  const { shard, ...rest } = leavingOf(state);
  return shard === undefined ? undefined : { ...rest, shard };
}

/** What came of the targets before: the one that was awaited last among them. */
export function beforeOf({ opened, awaited }: LeavingState): Before & { readonly failed: string[] } {
  if (opened === undefined || !('failed' in opened)) return { failed: [] };
  const { failed, target, done = false } = opened as Omit<Copying, 'target'> & { target?: string };
  if (target === undefined) return { failed, done };
  if (awaited === undefined || !('outcome' in awaited)) return { failed, done };
  if (awaited.outcome !== 'failed') return { failed, done: done || awaited.outcome === 'done' };
  const { error } = awaited as { error?: string };
  return { failed: [...failed, target], done, ...(error !== undefined && { error }) };
}

type Copying = Ours & { readonly failed: string[]; readonly done?: boolean };

/** The hand-over that is under way. @throws {RangeError} where none is: the machine has taken a wrong turn. */
export function oursOf({ slice, opened }: LeavingState): Ours {
  if (opened !== undefined && 'target' in opened) return opened as Copying;
  throw new RangeError(
    `opened of ${slice}: expected a hand-over that is under way, got ${JSON.stringify(opened)}`,
  );
}

export const leavingIds = ({ slice, shard }: LeavingState) => ({ slice, shard });
