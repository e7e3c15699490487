import type { Clock } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';

/** What AWS's services call it; each has its own word. */
const THROTTLED = new Set([
  'EC2ThrottledException',
  'HealthUnavailableException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'ResourceContentionFault',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Whether AWS asks to try again later. `ResourceContentionFault`: another change to the same group is under way;
 * `HealthUnavailableException`: ELB does not know just now. */
export function isThrottled(error: unknown): boolean {
  return THROTTLED.has(nameOf(error));
}

/** Name of an SDK error; empty for anything else. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

const TRIES = 6;
const FIRST: Seconds = 0.5;

/**
 * Does a call again when it was throttled, after about 0.5, 1, 2, 4 and 8 s; then the last error goes on. The SDK's own
 * retries are over within a second or two, and a bucket such as ELB's (40, refilled by 10 a second) may take longer.
 */
export async function unthrottled<T>(
  clock: Clock,
  work: () => Promise<T>,
  random: () => number = Math.random,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || !isThrottled(error)) throw error;
      await clock.sleepUntil(clock.now() + FIRST * 2 ** (tried - 1) * (0.5 + random()));
    }
  }
}
