import type { Settings } from '../../core/settings/schema.ts';
import { DAY } from '../../core/time.ts';
import type { SpotTrace } from './spot.ts';

/** Part of a derived fleet that runs on Spot when a Spot trace is given. */
const SPOT_SHARE = 0.5;
const MOST_PER_DAY = 24;

/** Derived settings for a run with a Spot trace: half the fleet on Spot, in the trace's zones, at the trace's rate. */
export function withSpot(settings: Settings, spot: SpotTrace): Settings {
  const zones = spot.kind === 'availability' ? spot.zones.slice(0, 12) : settings.fleet.zones;
  const interruptionsPerDay = Math.min(MOST_PER_DAY, ratePerDay(spot));
  return {
    ...settings,
    fleet: { ...settings.fleet, spotShare: SPOT_SHARE, zones: [...zones], interruptionsPerDay },
  };
}

/** Interruptions per instance and day in the trace: falling edges over the time that zones were up, or shares removed. */
function ratePerDay(spot: SpotTrace): number {
  const days = spot.duration / DAY;
  if (spot.kind === 'fleet') return spot.removals.reduce((sum, { share }) => sum + share, 0) / days;
  const up = [...spot.initial];
  const since = spot.zones.map(() => 0);
  let upDays = 0;
  let falls = 0;
  for (const { at, zone, available } of spot.edges) {
    if (up[zone] === true && !available) {
      falls += 1;
      upDays += (at - since[zone]!) / DAY;
    }
    if (available) since[zone] = at;
    up[zone] = available;
  }
  up.forEach((available, zone) => {
    if (available) upDays += (spot.duration - since[zone]!) / DAY;
  });
  return upDays > 0 ? falls / upDays : 0;
}
