import { learn, type Ran, run } from './chunk.ts';

/** Chunks worked through; the first ones make the engine warm, as in a function that has run for a while. */
const TICKS = { warm: 10, timed: 80 };

export type Said =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'done'; readonly peakMiB: number; readonly stateKiB: number } & Ran);

const say = (what: Said) => process.send?.(what);

const state = await learn();
await run(state, TICKS.warm);
process.once('message', async () => {
  const ran = await run(state, TICKS.timed);
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  say({ kind: 'done', ...ran, peakMiB, stateKiB: state.length / 1024 });
  process.disconnect();
});
say({ kind: 'ready' });
