import { type HandOver, type HandOvers, isOver } from '../core/hand-over/record.ts';
import type { Seconds } from '../core/time.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';
import { acceptHop, type HopStore, type Lookup } from './transfer/index.ts';

export interface HopWatchParts {
  readonly store: HopStore;
  readonly handOvers: Pick<HandOvers, 'get' | 'of'>;
  readonly lookup: Lookup;
  readonly clock: AgentClock;
  readonly log: Log;
}

/** A source that reaches this agent has knocked by then. */
const PATIENCE: Seconds = 3;

/**
 * Takes state in that comes through the store: of hand-overs to this instance whose source has not knocked. Looked for
 * with each beat; while one is awaited, several times a second.
 */
export class HopWatch {
  readonly #parts: HopWatchParts;
  readonly #arrived = new Set<string>();
  readonly #awaited = new Map<string, AbortController>();
  readonly #sources = new Map<string, string>();
  #isLooking = false;

  constructor(parts: HopWatchParts) {
    this.#parts = parts;
  }

  /** The source has reached this agent: nothing of that hand-over hops. */
  arrived(id: string): void {
    this.#arrived.add(id);
    this.#awaited.get(id)?.abort(new Error('the source has come itself'));
  }

  /** @param slices those of this instance. Never fails; a look that takes longer than a beat is not joined by another. */
  async look(slices: readonly string[]): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#giveUp();
      for (const slice of slices) {
        const handOver = await this.#parts.handOvers.of(slice);
        if (handOver !== undefined && this.#isDue(handOver)) void this.#accept(handOver);
      }
    } catch (error) {
      this.#parts.log.warn('hops-not-looked-for', { error });
    } finally {
      this.#isLooking = false;
    }
  }

  stop(): void {
    for (const awaited of this.#awaited.values()) awaited.abort(new Error('the agent stops'));
  }

  #isDue(handOver: HandOver): boolean {
    const { id, at } = handOver;
    if (isOver(handOver) || this.#arrived.has(id) || this.#awaited.has(id)) return false;
    return this.#parts.clock.now() >= at + PATIENCE;
  }

  async #accept({ id, source }: HandOver): Promise<void> {
    const { store, lookup, log } = this.#parts;
    const awaited = new AbortController();
    this.#awaited.set(id, awaited);
    this.#sources.set(id, source);
    try {
      const accepted = await lookup(id);
      if (accepted === undefined) return;
      log.info('hop-awaited', { id });
      await acceptHop({ store, id, accepted, signal: awaited.signal });
    } catch (error) {
      if (!awaited.signal.aborted) log.warn('hop-failed', { id, error });
    } finally {
      this.#awaited.delete(id);
      this.#sources.delete(id);
    }
  }

  /** Nobody will write any more for a hand-over that is over. */
  async #giveUp(): Promise<void> {
    for (const [id, source] of this.#sources) {
      const handOver = await this.#parts.handOvers.get(source);
      if (handOver?.id !== id || isOver(handOver))
        this.#awaited.get(id)?.abort(new Error('the hand-over is over'));
    }
    // One id per hand-over of this instance: forgotten once there are many.
    if (this.#arrived.size > 1000) this.#arrived.clear();
  }
}
