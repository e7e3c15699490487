import * as z from 'zod';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Noted, noteInterruption } from '../../flows/interruption.ts';
import { startOf } from '../lib/async.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, storeOf } from '../lib/wiring.ts';

const schema = z.object({
  instance: z.string().min(1),
  /** Epoch seconds. */
  at: z.number(),
  deadline: z.number(),
});

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'fleet' | 'events'>;
  readonly settings: () => Promise<Settings>;
  readonly startPlan: () => Promise<void>;
}

/** Marks the interrupted instance, has a plan made that replaces it, and lists what is to be evacuated when. */
export const handler = lambda(
  'note-interruption',
  schema,
  (env): Parts => {
    const settings = settingsOf(env);
    return {
      ports: {
        clock,
        store: storeOf(env),
        fleet: lazyFleetOf(env, settings),
        events: eventsOf(env),
      },
      settings,
      startPlan: startOf(env.PLAN_FUNCTION),
    };
  },
  async (input, { parts, logger }): Promise<Noted> => {
    const { drain } = (await parts.settings()).fleet.leadTimes;
    const noted = await noteInterruption(unwiredPorts(parts.ports), input, drain.seconds);
    // The plan runs within the minute all the same; the evacuation must not fail for it.
    await parts.startPlan().catch((error: Error) => logger.warn('plan not started', { error }));
    for (const failure of noted.failures) logger.warn('not done', { ...failure });
    return noted;
  },
  { ids: ({ instance, deadline }) => ({ instance, deadline }) },
);
