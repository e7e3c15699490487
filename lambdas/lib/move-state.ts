import * as z from 'zod';
import type { MoveInput } from '../../flows/move-input.ts';
import type { MoveFailure } from '../../flows/move-states.ts';

/**
 * The state of the machine `move`: its input, and what each of its states has added. Payloads of the steps are this
 * state whole, so that a machine needs no paths to pick from it.
 */

const seconds = z.number();
const shard = z.string().min(1);
/** Of an error that a machine has caught. */
const caught = z.looseObject({ Error: z.string(), Cause: z.string().optional() });
const health = z.enum(['initial', 'healthy', 'unhealthy', 'draining', 'unused', 'unknown']);
/** What a wait was answered with, or the error that was caught instead. */
const awaited = z.union([z.object({ state: health, late: z.boolean() }), caught]);

const failedStep = z.object({ outcome: z.literal('failed'), step: z.string(), error: z.string() });

const moveSchema = z.object({
  id: z.string().min(1),
  slice: z.string().min(3),
  from: z.union([
    z.object({ kind: z.literal('ready') }),
    z.object({ kind: z.enum(['active', 'reserved']), shard }),
  ]),
  to: z.union([
    z.object({ kind: z.literal('ready') }),
    z.object({ kind: z.literal('active'), shard }),
    z.object({ kind: z.literal('reserved'), shard, also: z.array(shard).optional(), until: seconds }),
  ]),
  reason: z.looseObject({ rule: z.string() }),
});

const times = { drainedAt: seconds, drainedStamp: z.string(), drainBy: seconds, healthyBy: seconds };

export const moveState = z.object({
  // From here on: the input, of the tick or of PlaceStandby.
  move: moveSchema,
  version: z.number(),
  holder: z.string().min(1),
  plannedAt: seconds,
  ...times,
  slots: z.int().min(1).optional(),
  entersSlots: z.int().min(1).optional(),
  handOverBy: seconds.optional(),
  holdUntil: seconds,
  leaves: z.boolean(),
  /** ClaimSlice. */
  claim: z
    .union([
      z.object({ outcome: z.enum(['draining', 'claimed']), times: z.object(times).optional() }),
      z.object({ outcome: z.enum(['lost-claim', 'hands-over']) }),
      failedStep,
    ])
    .optional(),
  /** HandOverSlots. */
  slotsMoved: z
    .union([
      z.object({
        outcome: z.literal('again'),
        moving: z.object({
          id: z.string().min(1),
          target: z.string().min(3),
          slots: z.array(z.int().min(0)).optional(),
          redirects: z.boolean(),
        }),
      }),
      z.object({ outcome: z.literal('handed-over') }),
      failedStep,
    ])
    .optional(),
  /** AwaitUnused. */
  unused: awaited.optional(),
  /** ActivateSlice. */
  activated: z.union([z.object({ outcome: z.enum(['activated', 'again']) }), failedStep]).optional(),
  /** AwaitHealthy, LookHealthy. */
  healthy: awaited.optional(),
  /** A state that failed unexpectedly. */
  failure: caught.optional(),
  /** UndoMove that failed unexpectedly. */
  undoFailure: caught.optional(),
});

export type MoveState = z.output<typeof moveState>;

/** The move, as the flows take it, with the times that its drain has. */
export const inputOf = (state: MoveState): MoveInput =>
  ({ ...state, ...timesOf(state) }) as unknown as MoveInput;

/** The hand-over that the step before has left under way. */
export const movingIn = ({ slotsMoved }: MoveState) =>
  slotsMoved !== undefined && 'moving' in slotsMoved ? slotsMoved.moving : undefined;

const timesOf = ({ claim }: MoveState) => (claim !== undefined && 'times' in claim ? claim.times : undefined);

export const idsOf = ({ move }: MoveState) => ({ move: move.id, slice: move.slice });

/** What a wait was answered with; undefined when an error came instead. */
export function seenIn(answer: MoveState['unused']): z.output<typeof health> | undefined {
  return answer !== undefined && 'state' in answer ? (answer.state as z.output<typeof health>) : undefined;
}

/** Why the move goes the way back, from what its states have left. */
export function failureOf(state: MoveState): MoveFailure {
  const { move, claim, slotsMoved, activated } = state;
  const { healthyBy } = inputOf(state);
  const health = seenIn(state.healthy);
  const more = state.undoFailure === undefined ? '' : `; way back: ${textOf(state.undoFailure)}`;
  if (state.failure !== undefined) return { step: stepOf(state), error: `${textOf(state.failure)}${more}` };
  for (const result of [claim, slotsMoved, activated])
    if (result !== undefined && 'error' in result)
      return { step: result.step, error: `${result.error}${more}` };
  const error = `slice ${move.slice} is ${health ?? 'unknown'} at ${healthyBy}, not healthy${more}`;
  return { step: 'health', error, ...(health && { health }) };
}

/** The step in which an unexpected error came: the first one that has left nothing. */
function stepOf({ move, claim, activated, healthy }: MoveState): string {
  if (claim === undefined) return 'claim';
  if (claim.outcome === 'hands-over') return 'hand-over';
  if (activated?.outcome !== 'activated') return 'activate';
  if (move.to.kind === 'active' && seenIn(healthy) !== 'healthy') return 'health';
  return 'commit';
}

const textOf = ({ Error: error, Cause }: z.output<typeof caught>) =>
  Cause === undefined ? error : `${error}: ${said(Cause)}`;

/** The cause of a Lambda's error is its whole answer as JSON, stack and all. */
function said(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed)
      return String(parsed.errorMessage);
  } catch {
    // Not JSON: said in words.
  }
  return cause.slice(0, 500);
}
