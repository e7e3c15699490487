import { setTimeout as sleep } from 'node:timers/promises';
import type { Seconds } from '../../core/time.ts';

/** The agent's time. Leases run on the monotonic one, which nobody sets; what is written to the table is the other. */
export interface AgentClock {
  /** Epoch seconds. */
  now(): Seconds;
  /** Seconds since some start; never goes back. */
  monotonic(): Seconds;
  /** @throws the signal's reason when it is aborted. */
  sleep(seconds: Seconds, signal?: AbortSignal): Promise<void>;
  /** Calls back once. @returns what takes it back. */
  after(seconds: Seconds, call: () => void): () => void;
}

export const systemClock: AgentClock = {
  now: () => Date.now() / 1000,
  monotonic: () => performance.now() / 1000,
  sleep: async (seconds, signal) => {
    await sleep(Math.max(0, seconds * 1000), undefined, signal === undefined ? {} : { signal });
  },
  after: (seconds, call) => {
    const timer = setTimeout(call, Math.max(0, seconds * 1000));
    return () => clearTimeout(timer);
  },
};
