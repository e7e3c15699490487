import { Records } from '../../adapters/aws/records.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { StepWorkflows } from '../../adapters/aws/workflows.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { publishActivated, standbyMoves } from '../../flows/activate-standby.ts';
import { sfnClient } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { standbyIds, standbyOf, standbyState } from '../lib/standby-state.ts';
import { clock, eventsOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'events' | 'workflows'>;
  readonly settings: () => Promise<Settings>;
  readonly records: Pick<Records, 'started'>;
}

/** The instance runs: adds its slices and starts a move into the shard for each that nobody else has taken. */
export const handler = lambda(
  'place-standby',
  standbyState,
  (env): Parts => ({
    ports: {
      clock,
      store: storeOf(env),
      events: eventsOf(env),
      workflows: new StepWorkflows(sfnClient(), { move: env.MOVE_MACHINE }),
    },
    settings: settingsOf(env),
    records: new Records(tableOf(env)),
  }),
  async (state, { parts }) => {
    const ports = unwiredPorts(parts.ports);
    const inputs = await standbyMoves(ports, await parts.settings(), standbyOf(state));
    for (const input of inputs) {
      await parts.records.started(input.plannedAt, input.move);
      await ports.workflows.start('move', input.move.id, input);
    }
    await publishActivated(ports, standbyOf(state));
    return { outcome: 'placed', moves: inputs.map(({ move }) => move.id) } as const;
  },
  { ids: standbyIds },
);
