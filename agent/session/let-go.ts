import type { SessionParts } from './parts.ts';
import { persist } from './persist.ts';
import type { SliceRuntime } from './runtime.ts';

/** A hook that fails at this is tried so often. The epoch keeps the application's writes out in any case. */
const TRIES = 3;

/**
 * The hand-over is over: the keeper has the slots again, and the application forgets those that others hold.
 * @throws the reason of `end`, and nothing else
 */
export async function letGo(
  parts: SessionParts,
  { table, keeper, app, run, slice }: SliceRuntime,
  slots: readonly { readonly slot: number }[],
  end: AbortSignal,
): Promise<void> {
  const numbers = slots.map(({ slot }) => slot);
  if (!run.isLost) table.control(numbers, false);
  await persist(parts, `read who holds the slots of ${slice}`, () => keeper.refresh(), end);
  const gone = numbers.map((slot) => table.look(slot)).filter(({ state }) => state === 'away');
  await Promise.all(
    gone.map(({ slot, epoch }) => tried(parts, `release slot ${slot}`, () => app.release(slot, epoch), end)),
  );
}

/** Does something at the application that is not worth waiting for without end. @returns whether it was done */
export async function tried(
  { clock, log }: Pick<SessionParts, 'clock' | 'log'>,
  what: string,
  work: () => Promise<void>,
  end: AbortSignal,
): Promise<boolean> {
  for (let i = 1; ; i += 1) {
    try {
      await work();
      return true;
    } catch (error) {
      end.throwIfAborted();
      log.warn('application-failed', { what, error });
      if (i === TRIES) return false;
    }
    await clock.sleep(0.2 * i, end);
  }
}
