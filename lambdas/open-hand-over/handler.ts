import { Modes } from '../../adapters/aws/modes.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Opened, openHandOver } from '../../flows/hand-over.ts';
import type { Switched } from '../../flows/snapshot.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { beforeOf, departingOf, leavingIds, leavingState } from '../lib/hand-over-state.ts';
import { lambda } from '../lib/handler.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, handOversOf, storeOf, tableOf } from '../lib/wiring.ts';

export interface Parts {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'fleet' | 'events' | 'slots' | 'agents' | 'handOvers'>;
  readonly settings: () => Promise<Settings>;
  readonly modes: { read(): Promise<Switched> };
}

/** Finds who takes the slice's slots over, and has its agent begin; again after each hand-over, until nothing is left. */
export const handler = lambda(
  'open-hand-over',
  leavingState,
  (env): Parts => {
    const settings = settingsOf(env);
    const fleet = lazyFleetOf(env, settings);
    return {
      ports: { clock, store: storeOf(env), fleet, events: eventsOf(env), ...handOversOf(env) },
      settings,
      modes: new Modes(tableOf(env)),
    };
  },
  async (state, { parts, logger }): Promise<Opened & { readonly done?: boolean }> => {
    const leaving = departingOf(state);
    if (leaving === undefined) return { outcome: 'empty' };
    const [settings, switched] = await Promise.all([parts.settings(), parts.modes.read()]);
    const before = beforeOf(state);
    const opened = await openHandOver(
      { ports: unwiredPorts(parts.ports), settings, switched },
      leaving,
      before,
    );
    if (opened.outcome === 'refused') logger.warn('not handed over', { ...opened, slice: leaving.slice });
    return opened.outcome === 'copying' || opened.outcome === 'waiting'
      ? { ...opened, done: before.done === true }
      : opened;
  },
  { ids: leavingIds },
);
