import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { giveUpStandby, type Waking, wakeInstance } from '../../flows/activate-standby.ts';
import { lazyFleetOf, machinesOf } from '../lib/fleet.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { standbyIds, standbyOf, standbyState } from '../lib/standby-state.ts';
import { clock, eventsOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'fleet' | 'events'>;
  readonly settings: () => Promise<Settings>;
}

/**
 * One step of waking a standby instance (WakeInstance), or the end of it where something failed (GiveUpStandby, with
 * `failure` in the state).
 */
export const handler = lambda(
  'wake-instance',
  standbyState,
  (env): Parts => {
    const settings = settingsOf(env);
    return {
      ports: { clock, fleet: lazyFleetOf(env, settings, machinesOf()), events: eventsOf(env) },
      settings,
    };
  },
  async (state, { parts }): Promise<Waking> => {
    const ports = unwiredPorts(parts.ports);
    if (state.failure === undefined) return wakeInstance(ports, await parts.settings(), standbyOf(state));
    const { Error: error, Cause = '' } = state.failure;
    return giveUpStandby(ports, standbyOf(state), `${error}: ${Cause.slice(0, 500)}`);
  },
  { ids: standbyIds },
);
