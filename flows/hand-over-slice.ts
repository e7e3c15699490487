import { type Before, type HandOverWorld, type Opened, openHandOver } from './hand-over.ts';
import { awaitHandOver, redirectTraffic } from './hand-over-follow.ts';
import type { Leaving } from './hand-over-input.ts';

/**
 * Hands over what the slice holds, with the clock: the states OpenHandOver, AwaitHandOver and RedirectTraffic of the
 * machine `hand-over` in one process. Its end is that nothing is left, or that what is left can be handed over to nobody.
 */
export async function handOverSlice(
  world: HandOverWorld,
  leaving: Leaving,
): Promise<Exclude<Opened, { outcome: 'copying' | 'waiting' }>> {
  const { clock } = world.ports;
  const { shard } = leaving;
  if (shard === undefined) return { outcome: 'empty' };
  const departing = { ...leaving, shard };
  let before: Before = { failed: [] };
  for (;;) {
    const opened = await openHandOver(world, departing, before);
    if (opened.outcome === 'waiting') {
      await clock.sleepUntil(opened.lookAt);
      before = { failed: opened.failed, done: before.done === true };
      continue;
    }
    if (opened.outcome !== 'copying') return opened;
    let awaited = await awaitHandOver(world, departing, opened);
    while (awaited.outcome === 'again') {
      await clock.sleepUntil(awaited.lookAt);
      awaited = await awaitHandOver(world, departing, opened);
    }
    if (awaited.outcome === 'failed') {
      before = { ...before, failed: [...opened.failed, opened.target], error: awaited.error };
      continue;
    }
    before = { failed: opened.failed, done: true };
    let redirected = await redirectTraffic(world, departing, opened);
    while (redirected.outcome === 'again') {
      await clock.sleepUntil(redirected.lookAt);
      redirected = await redirectTraffic(world, departing, opened);
    }
  }
}
