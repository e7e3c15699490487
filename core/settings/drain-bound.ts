import { MINUTE, type Seconds } from '../time.ts';
import type { Settings } from './schema.ts';

/** Auto Scaling's longest heartbeat. */
const MOST: Seconds = 7200;

/**
 * Longest time that an instance which must go may drain: twice the usual and a minute, as a move has, in whole seconds. The terminate
 * hook waits so long, and so does the evacuation that it starts.
 */
export const drainBound = ({ fleet }: Pick<Settings, 'fleet'>): Seconds =>
  Math.min(MOST, Math.ceil(2 * fleet.leadTimes.drain.seconds + MINUTE));
