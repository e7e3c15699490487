import { Records } from '../../adapters/aws/records.ts';
import { PK } from '../../adapters/aws/table.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { type Claimed, claimMove } from '../../flows/move-states.ts';
import { lambda } from '../lib/handler.ts';
import { idsOf, inputOf, moveState } from '../lib/move-state.ts';
import { clock, handOversOf, loadBalancerOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer' | 'slots' | 'handOvers'>;
  readonly records: Pick<Records, 'moveDone'>;
  /** Whether the shard has a target group. */
  readonly routed: (shard: string) => Promise<boolean>;
}

/**
 * Takes hold of the slice and begins its drain where it serves. A claim that is lost is an outcome, and recorded. So
 * is a shard without a target group: one that has just come into the settings may be planned before route-sync is
 * through, and a slice that is set up for it could neither serve nor easily go back.
 */
export const handler = lambda(
  'claim-slice',
  moveState,
  (env): Parts => {
    const table = tableOf(env);
    return {
      ports: { clock, store: storeOf(env), loadBalancer: loadBalancerOf(env), ...handOversOf(env) },
      records: new Records(table),
      routed: async (shard) => (await table.get(PK.route, shard))?.targetGroup !== undefined,
    };
  },
  async (state, { parts: { ports, records, routed } }): Promise<Claimed> => {
    const { to } = state.move;
    if (to.kind === 'active' && !(await routed(to.shard)))
      return {
        outcome: 'failed',
        step: 'claim',
        error: `shard ${to.shard} has no target group yet: route-sync makes it`,
      };
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
