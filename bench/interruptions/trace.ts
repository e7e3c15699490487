import { existsSync } from 'node:fs';
import { inputError } from '../../backtest/input/input-error.ts';
import { readSpot } from '../../backtest/input/read-spot.ts';
import { type AvailabilityTrace, interruptionsFrom, type SpotEvent } from '../../backtest/input/spot.ts';
import { luck } from '../../backtest/world/random.ts';
import { DAY, HOUR, type Seconds } from '../../core/time.ts';

/** The public traces beside the project. */
export const DEFAULT_TRACE = new URL(
  '../../../shared/data/spot/aws-v100-availability.csv.gz',
  import.meta.url,
).pathname;

/** A trace of zones: the file, or where the default one is not there, one that is made up. */
export async function zonesOf(
  path: string | undefined,
  warn: (message: string) => void,
): Promise<AvailabilityTrace> {
  if (path === undefined && !existsSync(DEFAULT_TRACE)) {
    warn(`${DEFAULT_TRACE} is not there: a made-up trace stands in for it`);
    return madeUp();
  }
  const file = path ?? DEFAULT_TRACE;
  const trace = await readSpot(file);
  if (trace.kind === 'availability') return trace;
  throw inputError(file, 1, undefined, 'events of fleets', 'time and a column of 0 and 1 per zone');
}

/** Six zones that are up for hours and down for one, now and then. */
export function madeUp(days = 14): AvailabilityTrace {
  const draws = luck(7, 'zones');
  const zones = ['a', 'b', 'c', 'd', 'e', 'f'];
  const edges = zones.flatMap((_, zone) => {
    const its: AvailabilityTrace['edges'][number][] = [];
    let at = draws.exponential(12 * HOUR);
    for (let available = false; at < days * DAY; available = !available) {
      its.push({ at, zone, available });
      at += available ? draws.exponential(12 * HOUR) : draws.exponential(HOUR);
    }
    return its;
  });
  return {
    kind: 'availability',
    name: 'made up',
    zones,
    initial: zones.map(() => true),
    edges: edges.sort((a, b) => a.at - b.at),
    duration: days * DAY,
  };
}

/** The trace's events from so many days after its beginning on, laid from `start`: what is lost by then is lost at once. */
export function eventsOf(
  trace: AvailabilityTrace,
  start: Seconds,
  { skip, days }: { readonly skip: number; readonly days: number },
): SpotEvent[] {
  const all = interruptionsFrom(trace, start - skip * DAY, start + days * DAY);
  const lost = new Set<string>();
  for (const event of all) {
    if (event.at >= start) break;
    if (event.kind === 'zone-lost') lost.add(event.zone);
    else if (event.kind === 'zone-back') lost.delete(event.zone);
  }
  const first = [...lost].map((zone): SpotEvent => ({ at: start, kind: 'zone-lost', zone }));
  return [...first, ...all.filter(({ at }) => at >= start)];
}
