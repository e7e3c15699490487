import {
  BEFORE_SWITCH,
  type HandOver,
  isOver,
  secretOf,
  TARGET_LEAVES,
} from '../../core/hand-over/record.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Brought } from '../gateway/keeper.ts';
import type { Accepted } from '../transfer/types.ts';
import type { SessionParts } from './parts.ts';
import type { SliceRuntime } from './runtime.ts';
import { TargetSession } from './target.ts';

/** `<source slice>><target slice>@<ms>`, as the table makes them. */
const ID = /^([^>@\s]{3,100})>([^>@\s]{3,100})@\d{1,16}$/;

/** Whether a slot under this epoch is one that the hand-over has passed, and that its target has not taken yet. */
export const bringsTo = ({ slots }: Pick<HandOver, 'slots'>, slot: number, epoch: number) =>
  slots.some((one) => one.slot === slot && one.epoch + 1 === epoch);

/** Hand-overs that come to this instance. */
export class Incoming {
  readonly #parts: SessionParts;
  readonly #instance: string;
  readonly #activate: (slice: string, shard: string) => Promise<SliceRuntime>;
  readonly #onOver: (slice: string) => void;
  readonly #end: AbortSignal;
  readonly #sessions = new Map<string, TargetSession>();
  #isLeaving = false;

  /** @param onOver a hand-over to this slice is over */
  constructor(
    parts: SessionParts,
    instance: string,
    activate: (slice: string, shard: string) => Promise<SliceRuntime>,
    onOver: (slice: string) => void,
    end: AbortSignal,
  ) {
    this.#parts = parts;
    this.#instance = instance;
    this.#activate = activate;
    this.#onOver = onOver;
    this.#end = end;
  }

  /**
   * Spot takes this instance: what has not come to the switch is given up at once, so that its source finds another
   * target; what has come so far is brought to its end, and handed on from here.
   */
  noticed(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    for (const session of this.#sessions.values()) void session.giveUp(TARGET_LEAVES);
  }

  /** Whom a knock belongs to; undefined: a stranger, or too late. @throws what the table throws */
  async lookup(id: string): Promise<Accepted | undefined> {
    const [, source, target] = ID.exec(id) ?? [];
    if (source === undefined || target === undefined || !this.#isOurs(target)) return undefined;
    const handOver = await this.#parts.handOvers.get(source);
    if (handOver?.id !== id || handOver.target !== target || isOver(handOver)) return undefined;
    if (this.#isLeaving && BEFORE_SWITCH.includes(handOver.phase)) {
      const change = { phase: 'failed', error: TARGET_LEAVES } as const;
      const now = await this.#parts.handOvers.advance(source, id, change, BEFORE_SWITCH);
      if (now === undefined || isOver(now)) return undefined;
    }
    const session = await this.#sessionOf(handOver);
    // Who has been told that everything is here does not begin again.
    return session.isClosed ? undefined : { secret: secretOf(handOver), target: session };
  }

  /** Whether the slice has everything of a hand-over that is not over: its slots may be passed to it at any time. */
  expects(slice: string): boolean {
    return [...this.#sessions.values()].some((one) => one.target === slice && one.hasEverything);
  }

  /** How a slot that the slice was given came to it. @throws what the table throws */
  async brought(slice: string, slot: number, epoch: number): Promise<Brought> {
    for (const session of this.#sessions.values())
      if (session.target === slice && session.brought(slot, epoch)) return 'whole';
    const handOver = await this.#parts.handOvers.of(slice);
    if (handOver?.phase !== 'switching' || !bringsTo(handOver, slot, epoch)) return 'given';
    // The agent may have been restarted since. What another copy of this life has brought is known above.
    const session = this.#sessions.get(handOver.id);
    return session === undefined || session.isResumed ? 'whole' : 'lost';
  }

  /** The application still has what was brought for a slot. @throws {Error} when it was restarted since */
  async confirm(slice: string, slot: number, epoch: number): Promise<void> {
    for (const session of this.#sessions.values())
      if (session.target === slice && session.brought(slot, epoch)) await session.check();
  }

  /** A restarted agent: sees the switch to its slice through that was under way. @returns its slots. @throws what the table throws */
  async recover(runtime: SliceRuntime): Promise<readonly number[]> {
    const handOver = await this.#parts.handOvers.of(runtime.slice);
    if (handOver?.phase !== 'switching' || this.#sessions.has(handOver.id)) return [];
    const session = await this.#sessionOf(handOver);
    session.resume(runtime);
    return session.slots;
  }

  /** The slice is not there for hand-overs any more. */
  async leave(slice: string): Promise<void> {
    const leaving = [...this.#sessions.values()].filter((one) => one.target === slice);
    await Promise.all(
      leaving.map(async (one) => {
        void one.giveUp(`${slice} leaves its shard`);
        await one.replace();
      }),
    );
  }

  async #sessionOf(handOver: HandOver): Promise<TargetSession> {
    const known = this.#sessions.get(handOver.id);
    if (known !== undefined && !known.isForgotten) return known;
    const onOver = () => this.#onOver(handOver.target);
    const session = new TargetSession(this.#parts, handOver, this.#activate, onOver, this.#end);
    // Several connections of one copy ask at the same time: the first one's is theirs all.
    const others = [...this.#sessions.values()].filter((one) => one.target === handOver.target);
    for (const { id } of others) this.#sessions.delete(id);
    this.#sessions.set(handOver.id, session);
    await Promise.all(others.map((one) => one.replace()));
    return session;
  }

  #isOurs(slice: string): boolean {
    try {
      return parseSliceId(slice).instance === this.#instance;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}
