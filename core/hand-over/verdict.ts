import type { Seconds } from '../time.ts';
import type { AgentState } from './agents.ts';
import { type HandOver, isOver } from './record.ts';
import type { SlotHolder } from './slots.ts';

/** Clocks of two machines differ by less than this: a lease counts as over only so long after its end. */
export const LEASE_MARGIN: Seconds = 5;

/** Seconds after the end of the source's lease in which a target that has everything takes the slots by itself. */
export const TAKES_OVER: Seconds = 30;

/** Whether nobody serves under this agent's lease any more. An agent that was never heard of has none. */
export const isSilent = (agent: Pick<AgentState, 'leaseUntil'> | undefined, now: Seconds) =>
  agent === undefined || agent.leaseUntil + LEASE_MARGIN <= now;

export type Verdict =
  | { readonly kind: 'again' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: string };

/** What of a hand-over is known from outside. */
export interface Followed {
  readonly handOver: HandOver;
  /** All slots of the shard, as they are held now. */
  readonly slots: readonly SlotHolder[];
  /** What the source's agent said last. */
  readonly source: Pick<AgentState, 'leaseUntil'> | undefined;
  /** It has to be over by then. */
  readonly by: Seconds;
}

/** Slots that the target holds by now, of those that were to be handed over. */
export const passedTo = ({ handOver, slots }: Pick<Followed, 'handOver' | 'slots'>) =>
  handOver.slots.filter(({ slot }) => slots[slot]?.holder === handOver.target).map(({ slot }) => slot);

/**
 * How a hand-over stands. The slots are the truth: who holds them has taken them with all of their state, whatever the
 * record has come to say.
 */
export function verdictOf(followed: Followed, now: Seconds): Verdict {
  const { handOver, source, by } = followed;
  if (passedTo(followed).length === handOver.slots.length) return { kind: 'done' };
  if (isOver(handOver)) {
    const { slots, phase, error } = handOver;
    const left = slots.length - passedTo(followed).length;
    return {
      kind: 'failed',
      error: error ?? `${phase}, and ${left} of ${slots.length} slots were not handed over`,
    };
  }
  if (now >= by) return { kind: 'failed', error: 'deadline' };
  if (!isSilent(source, now)) return { kind: 'again' };
  const takes = handOver.phase === 'switching' ? TAKES_OVER : 0;
  if (!isSilent(source, now - takes)) return { kind: 'again' };
  return { kind: 'failed', error: `the agent of ${handOver.source} is silent` };
}
