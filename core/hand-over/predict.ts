import type { Seconds } from '../time.ts';

/** What a copy in rounds is up against. */
export interface CopyTask {
  readonly stateBytes: number;
  readonly dirtyBytesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Seconds that quiescing, verifying, importing and passing the slots take besides the final delta. */
  readonly fixedPause: Seconds;
}

export interface CopyForecast {
  /** Until the pre-copy has come as far as it gets. */
  readonly precopy: Seconds;
  /** From the last answer of the old holder to the first of the new one. */
  readonly pause: Seconds;
  /** Rounds of pre-copy. */
  readonly rounds: number;
  /** Changes come faster than the link carries them: rounds do not help. */
  readonly outrun: boolean;
}

/** A round that gains less than this share on the one before is the last. */
const GAIN = 0.7;
const MOST_ROUNDS = 30;
/** A final delta that takes less than this is not worth another round. */
const SHORT: Seconds = 0.1;

/**
 * How long a copy in rounds takes, and the pause at its end: each round sends what changed during the one before.
 * @throws {RangeError} when the link carries nothing.
 */
export function predictCopy({
  stateBytes,
  dirtyBytesPerSecond,
  bytesPerSecond,
  fixedPause,
}: CopyTask): CopyForecast {
  if (!(bytesPerSecond > 0))
    throw new RangeError(`bytesPerSecond: expected more than 0, got ${bytesPerSecond}`);
  const outrun = dirtyBytesPerSecond >= GAIN * bytesPerSecond;
  let left = stateBytes;
  let precopy = 0;
  let rounds = 0;
  while (rounds < MOST_ROUNDS && left / bytesPerSecond > SHORT) {
    const takes = left / bytesPerSecond;
    const dirty = Math.min(stateBytes, dirtyBytesPerSecond * takes);
    precopy += takes;
    rounds += 1;
    const gained = dirty < GAIN * left;
    left = dirty;
    if (!gained) break;
  }
  return { precopy, pause: fixedPause + left / bytesPerSecond, rounds, outrun };
}
