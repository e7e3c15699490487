import { Modes } from '../../adapters/aws/modes.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Noted, noteInterruption } from '../../flows/interruption.ts';
import type { Switched } from '../../flows/snapshot.ts';
import { startOf } from '../lib/async.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { handOverInput, inputOf } from '../lib/hand-over-state.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, handOversOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'fleet' | 'events' | 'agents'>;
  readonly settings: () => Promise<Settings>;
  readonly modes: { read(): Promise<Switched> };
  readonly startPlan: () => Promise<void>;
}

/** Lists what leaves when. Where the notice has come, marks the instance and has a plan made that replaces it. */
export const handler = lambda(
  'note-interruption',
  handOverInput,
  (env): Parts => {
    const settings = settingsOf(env);
    return {
      ports: {
        clock,
        store: storeOf(env),
        fleet: lazyFleetOf(env, settings),
        events: eventsOf(env),
        agents: handOversOf(env).agents,
      },
      settings,
      modes: new Modes(tableOf(env)),
      startPlan: startOf(env.PLAN_FUNCTION),
    };
  },
  async (input, { parts, logger }): Promise<Noted> => {
    const [settings, switched] = await Promise.all([parts.settings(), parts.modes.read()]);
    const noted = await noteInterruption(unwiredPorts(parts.ports), inputOf(input), settings, switched);
    // The plan runs within the minute all the same; the evacuation must not fail for it.
    if (input.cause !== 'planned')
      await parts.startPlan().catch((error: Error) => logger.warn('plan not started', { error }));
    for (const failure of noted.failures) logger.warn('not done', { ...failure });
    return noted;
  },
  { ids: ({ cause, instance, ...rest }) => ({ cause, instance, ...rest }) },
);
