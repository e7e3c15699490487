import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { type Evacuation, evacuateSlice } from '../../flows/interruption.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { leavingIds, leavingOf, leavingState } from '../lib/hand-over-state.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, hostsOf, loadBalancerOf, storeOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer' | 'hosts' | 'fleet'>;
}

/** One step to take a slice out of its shard; off its instance too, where that ends. */
export const handler = lambda(
  'evacuate-slice',
  leavingState,
  (env): Parts => ({
    ports: {
      clock,
      store: storeOf(env),
      loadBalancer: loadBalancerOf(env),
      hosts: hostsOf(env),
      fleet: lazyFleetOf(env, settingsOf(env)),
    },
  }),
  async (state, { parts }): Promise<{ readonly outcome: Evacuation }> => ({
    outcome: await evacuateSlice(unwiredPorts(parts.ports), leavingOf(state)),
  }),
  { ids: leavingIds },
);
