import * as z from 'zod';
import * as p from './parts.ts';

/** Events of hand-overs and slots; part of the vocabulary (vocabulary.ts). */

const handOver = z.string().describe('Id of the hand-over, the same in the table.');
const cause = z
  .enum(['interruption', 'rebalance', 'planned'])
  .describe('Why: Spot takes the instance, AWS recommends to leave it, or a plan or person wants it.');
const source = p.slice.describe('The slice that holds the slots: `<instance id>:<port>`.');
const slots = p.listOf(p.count).describe('Slots of the shard that are meant, counted from 0.');

export const HAND_OVER_EVENTS = {
  HandOverStarted: {
    about: 'Slots of a stateful shard are handed over, with their state, to a slice that was found for them.',
    detail: z.object({
      handOver,
      shard: p.shard,
      source,
      target: p.slice.describe('The slice that gets them.'),
      slots,
      cause,
      deadline: p.stamp.optional().describe('The source ends then at the latest (epoch seconds).'),
    }),
  },
  SliceHandedOver: {
    about: 'The slots have another holder, which has all of their state; traffic is being sent there.',
    detail: z.object({
      handOver,
      shard: p.shard,
      source,
      target: p.slice.describe('The slice that has them.'),
      slots,
      cause,
      seconds: p.seconds.optional().describe('From its beginning to the end (s), where that is known.'),
      pause: p.seconds
        .optional()
        .describe('From the last answer of the old holder to the first of the new one (s).'),
      bytes: p.count.optional().describe('Bytes of state that were copied.'),
    }),
  },
  HandOverFailed: {
    about: 'Slots were not handed over. The source serves on, until it ends; another target may be tried.',
    detail: z.object({
      handOver: handOver.optional(),
      shard: p.shard,
      source,
      target: p.slice.optional().describe('Absent where none was found.'),
      slots,
      cause,
      error: p.error,
    }),
  },
  SlotStateLost: {
    about: 'The holder of slots is gone without a hand-over: others begin them anew, without their state.',
    detail: z.object({
      shard: p.shard,
      slice: p.slice.optional().describe('The slice that held them; absent where it had given them back.'),
      slots,
      why: z.string().describe('How it is known that the holder serves them no more.'),
    }),
  },
} as const;
