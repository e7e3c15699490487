import type { Agents } from '../../core/hand-over/agents.ts';
import type { HandOver, HandOvers } from '../../core/hand-over/record.ts';
import type { SlotMaps } from '../../core/hand-over/slots.ts';
import type { Seconds } from '../../core/time.ts';
import type { AgentClock } from '../gateway/clock.ts';
import type { Log } from '../log.ts';
import type { Copy } from '../transfer/types.ts';

/** What the hand-overs of one agent need. */
export interface SessionParts {
  readonly agents: Pick<Agents, 'get'>;
  readonly handOvers: HandOvers;
  readonly maps: SlotMaps;
  readonly clock: AgentClock;
  readonly log: Log;
  /** Connects to the agent that takes over, in whatever way there is. */
  readonly connect: (handOver: HandOver, signal: AbortSignal) => Promise<Copy>;
}

/** How far the clocks of two agents are apart at most. A lease counts as ended only so long after its end. */
export const LEASE_MARGIN: Seconds = 5;
