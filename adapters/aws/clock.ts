import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import type { Seconds } from '../../core/time.ts';

/** The machine's clock, to the millisecond. */
export class SystemClock implements Clock {
  now(): Seconds {
    return Date.now() / 1000;
  }

  async sleepUntil(until: Seconds): Promise<void> {
    // A timer may end a millisecond early.
    for (let left = until - this.now(); left > 0; left = until - this.now())
      await setTimeout(Math.ceil(left * 1000));
  }
}
