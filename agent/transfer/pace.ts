import type { Seconds } from '../../core/time.ts';
import type { Copy, Round } from './types.ts';

/** Below so many bytes a round says nothing of the link, only how long the way there and back takes. */
const TELLS = 1_048_576;
/** Nothing is known of the link before; as on the slowest instances (bytes/s). */
const ASSUMED = 50_000_000;
/** A round under way says something of the link after this time. */
const STEADY: Seconds = 2;

interface Known {
  readonly copy: Pick<Copy, 'acknowledged'>;
  readonly stateBytes: number;
  readonly dirtyBytesPerSecond: number;
}

/** Measures how fast a copy goes, and how fast its state changes. Time is an argument. */
export class Pace {
  readonly #copy: Pick<Copy, 'acknowledged'>;
  #stateBytes: number;
  #dirty: number;
  #rate = 0;
  #startedAt = 0;
  /** When nothing of the round had arrived yet, for the last time. */
  #movedAt = 0;
  #startedWith = 0;
  #previousStart: Seconds | undefined;
  #now = 0;
  #under = false;
  #last = 0;
  #before = 0;
  /** Seconds of a round that carries almost nothing. */
  overhead: Seconds = 0;
  round = 0;
  lastSeconds: Seconds = 0;

  constructor({ copy, stateBytes, dirtyBytesPerSecond }: Known) {
    this.#copy = copy;
    this.#stateBytes = stateBytes;
    this.#dirty = dirtyBytesPerSecond;
  }

  begin(now: Seconds): void {
    this.#previousStart = this.round === 0 ? undefined : this.#startedAt;
    this.#startedAt = now;
    this.#movedAt = now;
    this.#now = now;
    this.#startedWith = this.#copy.acknowledged.bytes;
    this.#under = true;
  }

  /** A look at the round under way. */
  look(now: Seconds): void {
    this.#now = now;
    // Until the first bytes arrive the target enters the environment: that says nothing of the link.
    if (this.#bytesOfRound === 0) this.#movedAt = now;
    else if (this.#bytesOfRound >= TELLS && now - this.#movedAt >= STEADY)
      this.#rate = this.#bytesOfRound / (now - this.#movedAt);
  }

  end({ bytes, seconds }: Round, now: Seconds): void {
    this.#now = now;
    this.#under = false;
    this.round += 1;
    this.lastSeconds = seconds;
    this.#before = this.#last;
    this.#last = bytes;
    if (this.round === 1) this.#stateBytes = bytes;
    else if (this.#previousStart !== undefined && this.#startedAt > this.#previousStart)
      this.#dirty = bytes / (this.#startedAt - this.#previousStart);
    const moving = Math.min(seconds, now - this.#movedAt);
    if (bytes >= TELLS && moving > 0) this.#rate = bytes / moving;
    else if (this.round > 1) this.overhead = seconds;
  }

  get elapsed(): Seconds {
    return this.#now - this.#startedAt;
  }

  /** Whether the round under way has lasted long enough to be judged. */
  get isSteady(): boolean {
    return this.elapsed >= STEADY;
  }

  get copiedBytes(): number {
    return this.#copy.acknowledged.bytes;
  }

  get #bytesOfRound(): number {
    return this.#copy.acknowledged.bytes - this.#startedWith;
  }

  standing() {
    const dirtied = this.#dirty * this.elapsed;
    const expected =
      this.round === 0 ? this.#stateBytes : this.#dirty * (this.#startedAt - (this.#previousStart ?? 0));
    return {
      stateBytes: this.#stateBytes,
      leftBytes: this.#under
        ? Math.max(0, expected - this.#bytesOfRound)
        : Math.min(this.#stateBytes, dirtied),
      dirtyBytesPerSecond: this.#dirty,
      bytesPerSecond: this.#rate || ASSUMED,
      rounds: this.round,
      lastBytes: this.#last,
      bytesBefore: this.#before,
    };
  }
}
