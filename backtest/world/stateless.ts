import type { Agents } from '../../core/hand-over/agents.ts';
import type { HandOvers } from '../../core/hand-over/record.ts';
import type { SlotMaps } from '../../core/hand-over/slots.ts';

/**
 * The simulated world counts capacity and copies no state: no agent beats, so no slot is held, and every slice leaves
 * its shard by the standard procedure.
 */

const refuse = async (): Promise<never> => {
  throw new TypeError('the simulated world has no agents');
};

export const NO_SLOTS: SlotMaps = {
  read: async (_, count) => Array.from({ length: count }, (_, slot) => ({ slot, epoch: 0 })),
  pass: refuse,
};

export const NO_AGENTS: Agents = {
  beat: refuse,
  get: async () => undefined,
  list: async () => [],
  order: async () => {},
};

export const NO_HAND_OVERS: HandOvers = {
  open: refuse,
  get: async () => undefined,
  list: async () => [],
  of: async () => undefined,
  advance: async () => undefined,
};
