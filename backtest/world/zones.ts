import type { Group, Instance } from '../../core/shards/instance.ts';
import type { SpotEvent } from '../input/spot.ts';

/** The zone of those given that has fewest instances of the group, the first one of equals. */
export function emptiest(zones: readonly string[], group: Group, instances: Iterable<Instance>): string {
  const perZone = new Map(zones.map((zone) => [zone, 0]));
  for (const fact of instances) {
    const had = fact.group === group ? perZone.get(fact.zone) : undefined;
    if (had !== undefined) perZone.set(fact.zone, had + 1);
  }
  return zones.reduce((best, zone) => ((perZone.get(zone) ?? 0) < (perZone.get(best) ?? 0) ? zone : best));
}

/**
 * The events on the fleet's own zones: under their own names where the trace uses those, otherwise the trace's zones
 * in alphabetical order stand for the fleet's in theirs, and zones that the fleet has not are left out.
 */
export function onOwnZones(events: readonly SpotEvent[], own: readonly string[]): SpotEvent[] {
  const names = [...new Set(events.flatMap((event) => (event.kind === 'remove' ? [] : [event.zone])))].sort();
  const known = names.some((name) => own.includes(name));
  const zoneOf = new Map(names.map((name, i) => [name, known ? own.find((zone) => zone === name) : own[i]]));
  return events.flatMap((event): SpotEvent[] => {
    if (event.kind === 'remove') return [event];
    const zone = zoneOf.get(event.zone);
    return zone === undefined ? [] : [{ ...event, zone }];
  });
}
