import type { Clock } from '../core/ports.ts';
import { formatStamp } from '../core/settings/stamp.ts';
import type { Seconds } from '../core/time.ts';

/** Seconds between two looks at something that changes by itself. */
export const LOOK_EVERY: Seconds = 5;

/** A later look at something. */
export interface Look {
  readonly lookAt: Seconds;
  /** The same as an ISO 8601 stamp: what a state machine can wait for. */
  readonly lookStamp: string;
}

/** In so many seconds, rounded up to a whole one. */
export function lookIn(wait: Seconds, now: Seconds): Look {
  const lookAt = Math.ceil(now + wait);
  return { lookAt, lookStamp: formatStamp(lookAt) };
}

/**
 * Asks now, then at `first` and every {@link LOOK_EVERY} seconds, until the answer is yes or the deadline has passed;
 * the last look is at the deadline.
 */
export async function until(
  clock: Clock,
  deadline: Seconds,
  first: Seconds,
  yes: () => Promise<boolean>,
): Promise<boolean> {
  if (await yes()) return true;
  let next = first;
  while (clock.now() < deadline) {
    if (next <= clock.now()) next = clock.now() + LOOK_EVERY;
    await clock.sleepUntil(Math.min(next, deadline));
    if (await yes()) return true;
  }
  return false;
}
