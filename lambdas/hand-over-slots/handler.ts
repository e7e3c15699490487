import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { handOverSlots, type SlotsMoved } from '../../flows/hand-over-slots.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { lambda } from '../lib/handler.ts';
import { idsOf, inputOf, moveState, movingIn } from '../lib/move-state.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, handOversOf, loadBalancerOf, storeOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<
    Ports,
    'clock' | 'store' | 'fleet' | 'loadBalancer' | 'events' | 'slots' | 'agents' | 'handOvers'
  >;
  readonly settings: () => Promise<Settings>;
}

/** One step of handing the slots of a slice to others of its shard, before its move takes it out. */
export const handler = lambda(
  'hand-over-slots',
  moveState,
  (env): Parts => {
    const settings = settingsOf(env);
    return {
      ports: {
        clock,
        store: storeOf(env),
        fleet: lazyFleetOf(env, settings),
        loadBalancer: loadBalancerOf(env),
        events: eventsOf(env),
        ...handOversOf(env),
      },
      settings,
    };
  },
  async (state, { parts }): Promise<SlotsMoved> => {
    const world = { ports: unwiredPorts(parts.ports), settings: await parts.settings(), switched: {} };
    return handOverSlots(world, inputOf(state), movingIn(state));
  },
  { ids: idsOf },
);
