import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Redirected, redirectTraffic } from '../../flows/hand-over-follow.ts';
import { departingOf, leavingIds, leavingState, oursOf } from '../lib/hand-over-state.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, loadBalancerOf, storeOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer'>;
  readonly settings: () => Promise<Settings>;
}

/** The target has the slots: it is registered where it is not yet, and written as active once it is healthy. */
export const handler = lambda(
  'redirect-traffic',
  leavingState,
  (env): Parts => ({
    ports: { clock, store: storeOf(env), loadBalancer: loadBalancerOf(env) },
    settings: settingsOf(env),
  }),
  async (state, { parts }): Promise<Redirected> => {
    const ours = oursOf(state);
    const leaving = departingOf(state);
    if (leaving === undefined) return { outcome: 'lost' };
    const world = { ports: unwiredPorts(parts.ports), settings: await parts.settings(), switched: {} };
    return redirectTraffic(world, leaving, ours);
  },
  { ids: leavingIds },
);
