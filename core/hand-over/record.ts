import type { Seconds } from '../time.ts';

/**
 * One hand-over: the slots of one slice to another. A record in the table that both agents and the workflow read and
 * write; whoever opens it first (the agent on its own notice, the workflow on EC2's event) is joined by the others.
 *
 * Lifecycle: `open` → `copying` (rounds of pre-copy while the source serves; goes on until `go`) → `switching` (quiesced:
 * final delta, verify, import, slots passed) → `done`. From each of them → `failed`: the source serves on, unless it ends.
 */
export type HandOverPhase = 'open' | 'copying' | 'switching' | 'done' | 'failed';

export type HandOverCause = 'interruption' | 'rebalance' | 'planned';

export interface HandOver {
  readonly id: string;
  readonly shard: string;
  /** Slice that holds the slots now. */
  readonly source: string;
  /** Slice that gets them. */
  readonly target: string;
  /** Slots to be handed over, under the epochs that they had. */
  readonly slots: readonly { readonly slot: number; readonly epoch: number }[];
  readonly cause: HandOverCause;
  readonly at: Seconds;
  /** The source ends then at the latest. */
  readonly deadline?: Seconds;
  /** Whether to switch as soon as the pre-copy is good enough; before, it only keeps the copy fresh. */
  readonly go: boolean;
  readonly phase: HandOverPhase;
  /**
   * Shared by the two agents alone: they authenticate each other by it, and keys of the copy are made with it. Gone with
   * the write that ends the hand-over; read it with {@link secretOf}.
   */
  readonly secret?: Uint8Array;
  readonly progress?: HandOverProgress;
  /** Why it failed. `deadline`: it would have taken too long, and nothing was interrupted. {@link TARGET_LEAVES}. */
  readonly error?: string;
  readonly version: number;
}

export interface HandOverProgress {
  readonly at: Seconds;
  readonly round: number;
  readonly copiedBytes: number;
  /** Left to copy, as of the last round. */
  readonly dirtyBytes: number;
  readonly bytesPerSecond: number;
  /** From the last answer of the old holder to the first of the new one, if it were switched now. */
  readonly predictedPause: Seconds;
  /** Changes come faster than the link carries them. */
  readonly outrun: boolean;
  /** After `done`: what it was. */
  readonly pause?: Seconds;
}

export type NewHandOver = Pick<
  HandOver,
  'shard' | 'source' | 'target' | 'slots' | 'cause' | 'at' | 'deadline' | 'go'
>;

export type HandOverChange = Partial<Pick<HandOver, 'phase' | 'progress' | 'error' | 'go' | 'deadline'>>;

export const HAND_OVER_TRANSITIONS: { readonly [P in HandOverPhase]: readonly HandOverPhase[] } = {
  open: ['copying', 'failed'],
  copying: ['switching', 'failed'],
  switching: ['done', 'failed'],
  done: [],
  failed: [],
};

/**
 * The phases in which somebody besides the two agents may end it. In `switching` its target may have everything, and take
 * the slots of a source that has ended: who says `failed` then throws the state away.
 */
export const BEFORE_SWITCH: readonly HandOverPhase[] = ['open', 'copying'];

/** The secret of a hand-over that is under way. @throws {Error} when it is over: nobody has the secret any more */
export function secretOf({ id, phase, secret }: Pick<HandOver, 'id' | 'phase' | 'secret'>): Uint8Array {
  if (secret !== undefined) return secret;
  throw new Error(`${id}: expected the secret of a hand-over that is under way, got none: it is ${phase}`);
}

/** Error of a hand-over that its target has given up before the switch: Spot takes the target, too. */
export const TARGET_LEAVES = 'Spot takes the instance of the target, too';

export const isOver = ({ phase }: Pick<HandOver, 'phase'>) => phase === 'done' || phase === 'failed';

export interface HandOvers {
  /**
   * Opens a hand-over, unless one of the same source is under way: then that one is joined (`opened: false`).
   * `taken`: another hand-over has the target.
   */
  open(
    wanted: NewHandOver,
  ): Promise<
    | { readonly outcome: 'opened' | 'joined'; readonly handOver: HandOver }
    | { readonly outcome: 'taken'; readonly by: string }
  >;
  /** The newest one of this source. */
  get(source: string): Promise<HandOver | undefined>;
  /** The newest one of each source. */
  list(): Promise<readonly HandOver[]>;
  /** The one that has this target. */
  of(target: string): Promise<HandOver | undefined>;
  /**
   * Writes what changed, as long as it is the same hand-over, and its phase may follow. Frees the target when it is over,
   * and clears the secret with the write that says so.
   * @param only in these phases; in another one nothing is written. @default in each
   * @returns what is there now; undefined when another one took its place.
   */
  advance(
    source: string,
    id: string,
    change: HandOverChange,
    only?: readonly HandOverPhase[],
  ): Promise<HandOver | undefined>;
}
