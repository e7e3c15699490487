import { Records } from '../../adapters/aws/records.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import { commitMove, publishMoved } from '../../flows/move-states.ts';
import { lambda } from '../lib/handler.ts';
import { idsOf, inputOf, moveState } from '../lib/move-state.ts';
import { clock, eventsOf, handOversOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'events' | 'slots' | 'agents'>;
  readonly records: Pick<Records, 'moveDone'>;
}

/** Writes where the slice has arrived, lets go of it, gives it what slots nobody holds, and says so on the bus and in the record. */
export const handler = lambda(
  'commit-move',
  moveState,
  (env): Parts => ({
    ports: { clock, store: storeOf(env), events: eventsOf(env), ...handOversOf(env) },
    records: new Records(tableOf(env)),
  }),
  async (state, { parts: { ports, records } }) => {
    const all = unwiredPorts(ports);
    await commitMove(all, inputOf(state));
    const at = ports.clock.now();
    await Promise.all([
      publishMoved(all, inputOf(state)),
      records.moveDone(state.plannedAt, inputOf(state).move, { outcome: 'done', at }),
    ]);
    return { outcome: 'done', at } as const;
  },
  { ids: idsOf },
);
