import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Awaited, awaitHandOver } from '../../flows/hand-over-follow.ts';
import { departingOf, leavingIds, leavingState, oursOf } from '../lib/hand-over-state.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, handOversOf, loadBalancerOf, storeOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<
    Ports,
    'clock' | 'store' | 'loadBalancer' | 'events' | 'slots' | 'agents' | 'handOvers'
  >;
  readonly settings: () => Promise<Settings>;
}

/** Looks how far the agents' copy has come, and registers the target once its environment is active. */
export const handler = lambda(
  'await-hand-over',
  leavingState,
  (env): Parts => ({
    ports: {
      clock,
      store: storeOf(env),
      loadBalancer: loadBalancerOf(env),
      events: eventsOf(env),
      ...handOversOf(env),
    },
    settings: settingsOf(env),
  }),
  async (state, { parts }): Promise<Awaited> => {
    const ours = oursOf(state);
    const leaving = departingOf(state);
    if (leaving === undefined) return { outcome: 'failed', error: `${state.slice} is bound to no shard` };
    const world = { ports: unwiredPorts(parts.ports), settings: await parts.settings(), switched: {} };
    return awaitHandOver(world, leaving, ours);
  },
  { ids: leavingIds },
);
