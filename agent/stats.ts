import { MIB } from '../core/bytes.ts';
import type { AgentSlice } from '../core/hand-over/agents.ts';
import type { Seconds } from '../core/time.ts';
import type { AgentClock } from './gateway/clock.ts';
import type { Log } from './log.ts';
import type { Measure } from './measure.ts';
import type { ActiveSlice } from './serving.ts';
import { hasState } from './slices.ts';

type Measured = Pick<AgentSlice, 'stateBytes' | 'dirtyBytesPerSecond' | 'metrics'>;

export interface SliceStatsParts {
  readonly measure: Pick<Measure, 'look'>;
  /** The application of a slice has said which run it is. */
  readonly saw: (slice: string, generation: string) => void;
  readonly clock: AgentClock;
  readonly log: Log;
}

/** How long a beat waits for what the applications say; what comes later is in the next one. */
const PATIENCE: Seconds = 1;
const NOTHING: Measured = { stateBytes: 0, dirtyBytesPerSecond: 0, metrics: {} };

/** What the beats say of each slice: the application's own figures over those of the instance. */
export class SliceStats {
  readonly #parts: SliceStatsParts;
  readonly #measured = new Map<number, Measured>();
  readonly #asked = new Map<number, Promise<void>>();
  readonly #failing = new Set<string>();
  #usage: Readonly<Record<string, number>> = {};

  constructor(parts: SliceStatsParts) {
    this.#parts = parts;
  }

  of(port: number): Measured {
    return this.#measured.get(port) ?? { ...NOTHING, metrics: this.#usage };
  }

  /** Never fails, and takes a second at most. */
  async refresh(slices: readonly { readonly port: number; readonly active?: ActiveSlice }[]): Promise<void> {
    await this.#tried('measure', async () => {
      this.#usage = { ...(await this.#parts.measure.look()) };
    });
    const waiting = new AbortController();
    const all = Promise.all(
      slices.map(({ port, active }) => {
        if (active === undefined) {
          this.#measured.delete(port);
          return undefined;
        }
        // One question at a time: an application that takes longer than a beat is not asked twice.
        const asked =
          this.#asked.get(port) ?? this.#ask(port, active).finally(() => this.#asked.delete(port));
        this.#asked.set(port, asked);
        return asked;
      }),
    );
    const late = this.#parts.clock.sleep(PATIENCE, waiting.signal).catch((error) => {
      if (!waiting.signal.aborted) throw error;
    });
    await Promise.race([all, late]);
    waiting.abort();
  }

  #ask(port: number, { app, shard, slice }: ActiveSlice): Promise<void> {
    return this.#tried(slice, async () => {
      const { slots, metrics, generation } = await app.stats();
      if (generation !== undefined) this.#parts.saw(slice, generation);
      const { stateMiB, dirtyPerSecond } = shard.handOver;
      const told = slots.some(({ dirtyBytesPerSecond }) => dirtyBytesPerSecond !== undefined);
      // What the application does not say is as the settings say.
      const stateBytes =
        slots.length === 0 ? stateMiB * MIB : slots.reduce((sum, one) => sum + one.stateBytes, 0);
      const dirty = slots.reduce((sum, one) => sum + (one.dirtyBytesPerSecond ?? 0), 0);
      this.#measured.set(port, {
        stateBytes: hasState(shard) ? stateBytes : 0,
        dirtyBytesPerSecond: !hasState(shard) ? 0 : told ? dirty : stateBytes * dirtyPerSecond,
        metrics: { ...this.#usage, ...metrics },
      });
    });
  }

  /** A failure is said once, until it is over. */
  async #tried(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failing.delete(what);
    } catch (error) {
      if (!this.#failing.has(what)) this.#parts.log.warn('not-measured', { what, error });
      this.#failing.add(what);
    }
  }
}
