import { Records } from '../../adapters/aws/records.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { letGo, type Undone, undoMove } from '../../flows/move-states.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { lambda } from '../lib/handler.ts';
import { failureOf, idsOf, inputOf, moveState } from '../lib/move-state.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, hostsOf, loadBalancerOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'loadBalancer' | 'hosts' | 'fleet' | 'events'>;
  readonly records: Pick<Records, 'moveDone'>;
}

/**
 * One step of the way back (UndoMove), or the end of it where it fails itself (LetGo, with `undoFailure` in the
 * state). At the end the failure is published and recorded.
 */
export const handler = lambda(
  'undo-move',
  moveState,
  (env): Parts => ({
    ports: {
      clock,
      store: storeOf(env),
      loadBalancer: loadBalancerOf(env),
      hosts: hostsOf(env),
      fleet: lazyFleetOf(env, settingsOf(env)),
      events: eventsOf(env),
    },
    records: new Records(tableOf(env)),
  }),
  async (state, { parts: { ports, records } }): Promise<Undone> => {
    const step = state.undoFailure === undefined ? undoMove : letGo;
    const undone = await step(unwiredPorts(ports), inputOf(state), failureOf(state));
    if (undone.outcome === 'failed')
      await records.moveDone(state.plannedAt, inputOf(state).move, {
        outcome: 'failed',
        at: ports.clock.now(),
        error: `${undone.step}: ${undone.error}`,
      });
    return undone;
  },
  { ids: idsOf },
);
