import type { Seconds } from '../../core/time.ts';
import { tried } from './let-go.ts';
import type { SessionParts } from './parts.ts';
import { persist, within } from './persist.ts';
import type { SliceRuntime } from './runtime.ts';

/** For the word of an application that was asked which run it is. */
export const ASK: Seconds = 5;

/** Says that the application has restarted while its slots were on their way. */
export const RESTARTED = 'the application was restarted, and what it held in memory is gone';

/**
 * Makes sure that the application is still the run that has the state. One that has never told which it is may be any.
 * @throws {Error} when it is not, or does not say
 */
export async function checkRun(
  parts: SessionParts,
  { app, run }: Pick<SliceRuntime, 'app' | 'run'>,
  signal: AbortSignal,
): Promise<void> {
  if (run.known === undefined || app.isDurable) return;
  const { generation } = await within(parts, ASK, 'stats of the application', signal, (s) => app.stats(s));
  run.see(generation);
  if (run.isLost || generation === undefined) throw new Error(RESTARTED);
}

/**
 * The application has restarted by itself. Its slots are not served since that is known; here they get another epoch, so
 * that no client goes on with what is gone: state that is durable is served under it, and slots whose state was in memory
 * are given back to nobody. Who gives them on says that their state is lost.
 * @throws the reason of `end`, and nothing else
 */
export async function restarted(parts: SessionParts, runtime: SliceRuntime, end: AbortSignal): Promise<void> {
  const { table, keeper, app, run, shard, slice } = runtime;
  const all = Array.from({ length: table.count }, (_, slot) => slot);
  const slots = all.filter((slot) => table.look(slot).state !== 'away');
  const isDurable = app.isDurable === true;
  parts.log.error('application-restarted', { slice, shard, slots, isLost: !isDurable });
  // It knows of no shard any more. Where it cannot enter it again, its health check fails.
  await tried(parts, `activate ${shard} again`, () => app.activate(shard), end);
  if (isDurable) keeper.renew(slots);
  else await persist(parts, `give back the slots of ${slice}`, () => keeper.giveBack(all), end);
  run.settled();
  table.control(all, false);
}
