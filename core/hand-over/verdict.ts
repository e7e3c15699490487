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
  /** What the target's agent said last. */
  readonly target?: Pick<AgentState, 'leaseUntil'> | undefined;
  /** It has to be over by then; what switches by then is brought to its end by the agents. */
  readonly by: Seconds;
}

/** Slots that the target holds by now, of those that were to be handed over. */
export const passedTo = ({ handOver, slots }: Pick<Followed, 'handOver' | 'slots'>) =>
  handOver.slots.filter(({ slot }) => slots[slot]?.holder === handOver.target).map(({ slot }) => slot);

/**
 * How a hand-over stands. The slots are the truth: who holds them has taken them with all of their state, whatever the
 * record has come to say. While the source lives it sees to it that they are served, and takes them back from a target
 * that ends before: until one of the two is known it is needed.
 */
export function verdictOf(followed: Followed, now: Seconds): Verdict {
  const { handOver, source, target, by } = followed;
  if (passedTo(followed).length === handOver.slots.length) {
    const isKnown = isOver(handOver) || isServed(followed);
    return isKnown || now >= by || isSilent(source, now) ? { kind: 'done' } : { kind: 'again' };
  }
  if (isOver(handOver)) {
    const { slots, phase, error } = handOver;
    const left = slots.length - passedTo(followed).length;
    return {
      kind: 'failed',
      error: error ?? `${phase}, and ${left} of ${slots.length} slots were not handed over`,
    };
  }
  const silent = (slice: string): Verdict => ({ kind: 'failed', error: `the agent of ${slice} is silent` });
  if (handOver.phase === 'switching')
    return isSilent(source, now - TAKES_OVER) ? silent(handOver.source) : { kind: 'again' };
  if (now >= by) return { kind: 'failed', error: 'deadline' };
  if (isSilent(source, now)) return silent(handOver.source);
  return target !== undefined && isSilent(target, now) ? silent(handOver.target) : { kind: 'again' };
}

/** A target takes an epoch of its own before it serves what was passed to it. */
const isServed = ({ handOver, slots }: Followed) =>
  handOver.slots.every(({ slot, epoch }) => (slots[slot]?.epoch ?? 0) > epoch + 1);
