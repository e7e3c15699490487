import { Records } from '../../adapters/aws/records.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { type Claimed, claimMove } from '../../flows/move-states.ts';
import { lambda } from '../lib/handler.ts';
import { idsOf, inputOf, moveState } from '../lib/move-state.ts';
import { clock, loadBalancerOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer'>;
  readonly records: Pick<Records, 'moveDone'>;
}

/** Takes hold of the slice and begins its drain where it serves. A claim that is lost is an outcome, and recorded. */
export const handler = lambda(
  'claim-slice',
  moveState,
  (env): Parts => ({
    ports: { clock, store: storeOf(env), loadBalancer: loadBalancerOf(env) },
    records: new Records(tableOf(env)),
  }),
  async (state, { parts: { ports, records } }): Promise<Claimed> => {
    const claimed = await claimMove(unwiredPorts(ports), inputOf(state));
    if (claimed.outcome === 'lost-claim')
      await records.moveDone(state.plannedAt, inputOf(state).move, {
        outcome: 'lost-claim',
        at: ports.clock.now(),
      });
    return claimed;
  },
  { ids: idsOf },
);
