import type { Seconds } from '../../core/time.ts';
import type { SessionParts } from './parts.ts';

const FIRST: Seconds = 0.1;
const LONGEST: Seconds = 2;

/**
 * Does something that has to be done, however often it fails: the table comes back, or the agent ends.
 * @param what for the log
 * @throws the signal's reason, and nothing else
 */
export async function persist<T>(
  { clock, log }: Pick<SessionParts, 'clock' | 'log'>,
  what: string,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let pause = FIRST; ; pause = Math.min(LONGEST, 2 * pause)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      log.warn('tried-again', { what, error });
    }
    await clock.sleep(pause, signal);
  }
}

/** Runs work that is given up after so many seconds of the agent's clock. @throws what the work throws once it is told */
export async function within<T>(
  { clock }: Pick<SessionParts, 'clock'>,
  seconds: Seconds,
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const cancel = clock.after(seconds, () =>
    late.abort(new Error(`${what}: expected within ${seconds} s, took longer`)),
  );
  const either = AbortSignal.any([signal, late.signal]);
  try {
    return await Promise.race([work(either), aborted(either)]);
  } finally {
    cancel();
  }
}

/** Rejects with the signal's reason. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
