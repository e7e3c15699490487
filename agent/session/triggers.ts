import { type HandOver, isOver, type NewHandOver } from '../../core/hand-over/record.ts';
import type { SlotHolder } from '../../core/hand-over/slots.ts';
import type { Seconds } from '../../core/time.ts';
import type { Notice } from '../serving.ts';

/** What may make a slice be handed over. */
export interface Wanted {
  readonly slice: string;
  readonly shard: string;
  readonly own: readonly SlotHolder[];
  readonly notice: Notice;
  /** Slice that is held for this one. */
  readonly reserve: string | undefined;
  /** Hand-overs to a target that failed since this agent began. */
  readonly failures: (target: string) => number;
  readonly now: Seconds;
}

/** So often one reserve is tried. */
const TRIES = 2;

/** The hand-over that the agent opens itself, on what Spot has said; undefined: there is no reason, or no way. */
export function wantedHandOver(wanted: Wanted): NewHandOver | undefined {
  const { slice, shard, own, notice, reserve, failures, now } = wanted;
  const { rebalanceAt, noticeAt, deadline } = notice;
  if (rebalanceAt === undefined && noticeAt === undefined) return undefined;
  if (reserve === undefined || own.length === 0 || failures(reserve) >= TRIES) return undefined;
  if (deadline !== undefined && now >= deadline) return undefined;
  const isNotice = noticeAt !== undefined;
  return {
    shard,
    source: slice,
    target: reserve,
    slots: own.map(({ slot, epoch }) => ({ slot, epoch })),
    cause: isNotice ? 'interruption' : 'rebalance',
    at: now,
    go: isNotice,
    ...(deadline !== undefined && { deadline }),
  };
}

/** What a notice changes in a hand-over that is under way: it goes, by then at the latest. */
export function hurried(handOver: HandOver, { noticeAt, deadline }: Notice) {
  if (noticeAt === undefined || isOver(handOver)) return undefined;
  const isEarlier = deadline !== undefined && deadline < (handOver.deadline ?? Number.POSITIVE_INFINITY);
  if (handOver.go && !isEarlier) return undefined;
  return { go: true, ...(deadline !== undefined && { deadline }) };
}
