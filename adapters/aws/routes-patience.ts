import type { Clock } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';
import { isThrottled } from './throttling.ts';

/** Does one call, and waits and repeats it where AWS asks for less haste. */
export type Patience = <T>(what: string, call: () => Promise<T>) => Promise<T>;

/** Thrown when there is no time left to wait: the next run goes on. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

const MOST: Seconds = 16;

/**
 * Beyond the SDK's own few tries and `unthrottled`'s: a first deployment of 1,000 shards makes 3,000 changing calls, of
 * which ELB takes 3 a second (a bucket of 20), so it is throttled for a quarter of an hour. Waits 1, 2, 4 … s, 16 at most, until `stopAt`.
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
