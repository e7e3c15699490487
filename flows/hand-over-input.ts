import type { AgentState } from '../core/hand-over/agents.ts';
import type { StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { formatStamp } from '../core/settings/stamp.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import type { Departing } from './hand-over.ts';

/** Spot takes the instance: all of its slices leave before the deadline. */
export interface Interruption {
  readonly cause?: 'interruption';
  readonly instance: string;
  /** When Spot said it. */
  readonly at: Seconds;
  /** The instance ends then at the latest. */
  readonly deadline: Seconds;
}

/** Slices leave their shards without a clock; their instances stay. */
export interface PlannedHandOver {
  readonly cause: 'planned';
  readonly at: Seconds;
  /** Whose slices; those of several instances are named in `slices`. */
  readonly instance?: string;
  /** @default all that serve on the instance */
  readonly slices?: readonly string[];
  /** It is given up then. @default after 30 minutes */
  readonly by?: Seconds;
  /** Only these slots of the one slice, to this one, which serves the shard too; the slice stays. */
  readonly part?: NonNullable<Departing['part']>;
}

/** What the machine `hand-over` begins with. */
export type HandOverInput = Interruption | PlannedHandOver;

/** One hand-over per instance and notice, however often the notice comes; one per planned one. */
export function handOverName(input: HandOverInput): string {
  if (input.cause !== 'planned') return `hand-over/${input.instance}/${Math.round(input.deadline)}`;
  const { instance, slices = [], part, at } = input;
  return ['hand-over', instance ?? '', ...slices, part?.target ?? '', Math.round(at)].join('/');
}

/** A slice that leaves, as the machine carries it from state to state. */
export interface Leaving extends Omit<Departing, 'shard' | 'holder' | 'drainAt'> {
  readonly holder: string;
  readonly instance: string;
  /** Absent: bound to no shard. */
  readonly shard?: string;
  /** It serves the shard, or may hold state of it. */
  readonly serves: boolean;
  /** The standard procedure begins then. */
  readonly drainAt: Seconds;
  /** The same as an ISO 8601 stamp, rounded down. */
  readonly drainStamp: string;
}

/** Seconds that are kept between the usual end of a drain and the instance's end. */
const MARGIN: Seconds = 8;
/** A hand-over without a clock is given up after this. */
export const MOST_PLANNED: Seconds = 30 * MINUTE;

/**
 * Tells of a slice that does not serve yet which shard it may hold slots of already: the one with state whose environment
 * it enters, or, where its agents were faster than the store, has entered.
 */
export function holdingOf(
  { shards }: Pick<Settings, 'shards'>,
  agent?: AgentState,
): (item: StoredSlice) => string | undefined {
  const copied = new Set(shards.flatMap(({ name, handOver }) => (handOver.state === 'copy' ? [name] : [])));
  return ({ slice, placement }) => {
    // What drains has been through its hand-over.
    if (placement.kind === 'draining') return undefined;
    const entered = agent?.slices.find((one) => one.slice === slice)?.shard;
    const shard = placement.kind === 'activating' ? placement.shard : entered;
    return shard !== undefined && copied.has(shard) ? shard : undefined;
  };
}

/**
 * The slices that an input means, of all there are.
 * @param holding the shard that a slice may hold slots of, though it does not serve yet
 */
export function leavingOf(
  input: HandOverInput,
  all: readonly StoredSlice[],
  drain: Seconds,
  now: Seconds,
  holding: (item: StoredSlice) => string | undefined = () => undefined,
): readonly Leaving[] {
  const planned = input.cause === 'planned' ? input : undefined;
  return all.flatMap((item): readonly Leaving[] => {
    const { slice, placement } = item;
    const { instance } = parseSliceId(slice);
    const isActive = placement.kind === 'active';
    const isMeant =
      planned === undefined
        ? instance === input.instance
        : isActive && (planned.slices?.includes(slice) ?? instance === planned.instance);
    if (!isMeant) return [];
    const held = isActive || planned ? undefined : holding(item);
    const serves = isActive || held !== undefined;
    const shard = held ?? ownerOf(placement);
    // What serves does so while its replacement starts, as long as there is time left to drain.
    const drainAt = serves && !planned ? Math.max(now, deadlineOf(input) - drain - MARGIN) : now;
    return [
      {
        slice,
        instance,
        ...(shard !== undefined && { shard }),
        serves,
        cause: planned ? 'planned' : 'interruption',
        ...(planned === undefined && { deadline: deadlineOf(input) }),
        holder: holderOfLeaving(planned ? slice : instance, planned !== undefined),
        by: planned === undefined ? deadlineOf(input) : (planned.by ?? input.at + MOST_PLANNED),
        ...(planned?.part && { part: planned.part }),
        drainAt,
        drainStamp: formatStamp(drainAt),
      },
    ];
  });
}

/** Who holds a slice that leaves; of one whose instance ends, the same for all its slices. */
const holderOfLeaving = (id: string, planned: boolean) =>
  planned ? `hand-over/${id}` : `interruption/${id}`;

const deadlineOf = (input: HandOverInput): Seconds => ('deadline' in input ? input.deadline : input.at);
