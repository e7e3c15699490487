import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { type Activated, activateMove } from '../../flows/move-states.ts';
import { lambda } from '../lib/handler.ts';
import { idsOf, inputOf, moveState, seenIn } from '../lib/move-state.ts';
import { clock, hostsOf, loadBalancerOf, storeOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer' | 'hosts'>;
}

/** From drained to registered: leaves the old shard on the host, sets up the new one, registers there. */
export const handler = lambda(
  'activate-slice',
  moveState,
  (env): Parts => ({
    ports: { clock, store: storeOf(env), loadBalancer: loadBalancerOf(env), hosts: hostsOf(env) },
  }),
  (state, { parts: { ports } }): Promise<Activated> =>
    activateMove(unwiredPorts(ports), inputOf(state), seenIn(state.unused)),
  { ids: idsOf },
);
