import type { Settings } from '../settings/schema.ts';
import { HOUR, type Seconds } from '../time.ts';
import type { FleetAction, Reason, Snapshot } from './plan.ts';

/** A zone is trusted once a Spot instance has lived there for so long: most that are lost are lost before. */
const TRUST: Seconds = HOUR;
/** Each launch in a zone is a call of its own. */
const MOST_LAUNCHES = 20;

/**
 * Starts of Spot instances for the mix. Without a bound per zone the group chooses where; with one they are launched by
 * zone, where fewest are: a zone that lost or refused some begins with a single one, and is filled up to the bound when
 * that one has lived for an hour. What finds no place stays On-Demand.
 */
export function spotStarts(
  count: number,
  snapshot: Snapshot,
  { fleet }: Settings,
  reason: Reason,
): FleetAction[] {
  const { perZone } = fleet.reserves;
  if (count <= 0) return [];
  if (perZone === undefined) return [{ kind: 'start', group: 'spot', count, reason }];
  const zones = new Map(fleet.zones.map((zone) => [zone, { have: 0, trusted: false, open: true }]));
  for (const { group, zone } of snapshot.refusals ?? [])
    if (group === 'spot' && zones.has(zone)) zones.get(zone)!.open = false;
  for (const one of snapshot.instances) {
    const its = one.group === 'spot' ? zones.get(one.zone) : undefined;
    if (its === undefined || one.state === 'retired') continue;
    its.have += 1;
    if (one.state === 'running' && one.since <= snapshot.at - TRUST) its.trusted = true;
    if (one.state === 'interrupted' || (one.state === 'running' && one.rebalanceAt !== undefined))
      its.open = false;
  }
  const actions: FleetAction[] = [];
  while (actions.length < Math.min(count, MOST_LAUNCHES)) {
    const room = [...zones].filter(
      ([, { have, trusted, open }]) => open && have < (trusted ? perZone : Math.min(1, perZone)),
    );
    if (room.length === 0) break;
    const [zone, its] = room.reduce((best, one) => (one[1].have < best[1].have ? one : best));
    its.have += 1;
    actions.push({ kind: 'launch', group: 'spot', zone, reason });
  }
  return actions;
}
