import type { Clock } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';

/** Does one call, and waits and repeats it where AWS asks for less haste. */
export type Patience = <T>(what: string, call: () => Promise<T>) => Promise<T>;

/** Thrown when there is no time left to wait: the next run goes on. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

const THROTTLED: readonly string[] = [
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
];

export const isThrottled = (error: unknown) => error instanceof Error && THROTTLED.includes(error.name);

const MOST: Seconds = 16;

/**
 * Beyond the SDK's own few tries: a first deployment of 1,000 shards makes 3,000 changing calls, which are throttled
 * for minutes. Waits 1, 2, 4 … s, 16 at most, until `stopAt`.
 */
export function patience(clock: Clock, stopAt: Seconds): Patience {
  return async (what, call) => {
    for (let wait = 1; ; wait = Math.min(MOST, wait * 2)) {
      if (clock.now() >= stopAt) throw new OutOfTime(`${what}: no time left`);
      try {
        return await call();
      } catch (error) {
        if (!isThrottled(error)) throw error;
        if (clock.now() + wait >= stopAt) throw new OutOfTime(`${what}: throttled until no time was left`);
        await clock.sleepUntil(clock.now() + wait);
      }
    }
  };
}
