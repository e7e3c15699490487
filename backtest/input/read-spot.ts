import { basename } from 'node:path';
import type { Seconds } from '../../core/time.ts';
import { type RowSink, readCsv, stampOf } from './csv.ts';
import { inputError, quote } from './input-error.ts';
import type { AvailabilityTrace, FleetTrace, SpotTrace } from './spot.ts';

interface Collector<T extends SpotTrace> {
  row: RowSink['row'];
  trace(): T;
}

const FLEET_COLUMNS = ['fleet', 't_s', 'event', 'node'];

/**
 * Reads a Spot trace: CSV, plain or gzipped, of one of two forms, known by its header. `time` and one column per
 * zone, 1 where a Spot instance could be had and 0 where not; or `fleet,t_s,event,node`, the nodes that were added
 * to fleets and removed by Spot.
 * @throws {InputError} naming file, line, column, value and what was expected
 */
export async function readSpot(path: string): Promise<SpotTrace> {
  let collector: Collector<SpotTrace> | undefined;
  await readCsv(path, {
    header(names) {
      const isFleet = FLEET_COLUMNS.every((name) => names.includes(name));
      if (!isFleet && (!names.includes('time') || names.length < 2)) {
        const got = `columns ${names.slice(0, 5).map(quote).join(', ')}${names.length > 5 ? ', …' : ''}`;
        throw inputError(path, 1, undefined, got, `time and one per zone, or ${FLEET_COLUMNS.join(',')}`);
      }
      collector = isFleet ? collectFleets(path, names) : collectZones(path, names);
    },
    row: (cells, line) => collector?.row(cells, line),
  });
  const trace = collector!.trace();
  if (!(trace.duration > 0)) {
    throw inputError(path, undefined, undefined, 'no two different times', 'a trace that lasts');
  }
  return trace;
}

const nameOf = (path: string) => basename(path).replace(/(\.csv)?(\.gz)?$/i, '');

function collectZones(path: string, names: readonly string[]): Collector<AvailabilityTrace> {
  const time = names.indexOf('time');
  const zones = names.map((name, at) => ({ name, at })).filter(({ at }) => at !== time);
  const initial: boolean[] = [];
  const edges: AvailabilityTrace['edges'][number][] = [];
  const now: boolean[] = [];
  let [start, last, rows] = [Number.NaN, Number.NaN, 0];
  return {
    row(cells, line) {
      const at = stampOf(path, line, 'time', cells[time]!);
      if (at <= last)
        throw inputError(path, line, 'time', quote(cells[time]!), 'a later time than the row before');
      if (rows++ === 0) start = at;
      last = at;
      for (const [zone, { name, at: column }] of zones.entries()) {
        const cell = cells[column]!;
        if (cell !== '0' && cell !== '1') throw inputError(path, line, name, quote(cell), '0 or 1');
        const available = cell === '1';
        if (initial.length < zones.length) initial.push(available);
        else if (now[zone] !== available) edges.push({ at: at - start, zone, available });
        now[zone] = available;
      }
    },
    // The last row holds for a mean step as well.
    trace: () => ({
      kind: 'availability',
      name: nameOf(path),
      zones: zones.map(({ name }) => name),
      initial,
      edges,
      duration: Math.round(((last - start) * rows) / (rows - 1)),
    }),
  };
}

interface FleetState {
  readonly alive: Set<string>;
  last: Seconds;
  /** Nodes alive when the current time began, and removed since. */
  before: number;
  removed: number;
  readonly removals: { at: Seconds; share: number }[];
}

function collectFleets(path: string, names: readonly string[]): Collector<FleetTrace> {
  const [fleetAt, timeAt, eventAt, nodeAt] = FLEET_COLUMNS.map((name) => names.indexOf(name));
  const fleets = new Map<string, FleetState>();
  return {
    row(cells, line) {
      const name = cells[fleetAt!]!;
      const fleet = fleets.get(name) ?? { alive: new Set(), last: 0, before: 0, removed: 0, removals: [] };
      fleets.set(name, fleet);
      const at = secondsOf(path, line, cells[timeAt!]!);
      if (at < fleet.last) {
        throw inputError(
          path,
          line,
          't_s',
          quote(cells[timeAt!]!),
          `at least ${fleet.last}, as the row before of fleet ${name}`,
        );
      }
      if (at > fleet.last) settle(fleet, at);
      apply(path, line, fleet, cells[eventAt!]!, cells[nodeAt!]!);
    },
    trace() {
      let duration = 0;
      const removals: { at: Seconds; share: number }[] = [];
      for (const fleet of fleets.values()) {
        settle(fleet, fleet.last);
        for (const { at, share } of fleet.removals) removals.push({ at: duration + at, share });
        duration += fleet.last;
      }
      return { kind: 'fleet', name: nameOf(path), fleets: [...fleets.keys()], removals, duration };
    },
  };
}

/** Closes the time at which the fleet stands and opens the next one. What goes at one time went out of what ran before it. */
function settle(fleet: FleetState, next: Seconds): void {
  if (fleet.removed > 0) {
    fleet.removals.push({ at: fleet.last, share: Math.min(1, fleet.removed / Math.max(1, fleet.before)) });
  }
  fleet.last = next;
  fleet.before = fleet.alive.size;
  fleet.removed = 0;
}

function apply(path: string, line: number, fleet: FleetState, event: string, node: string): void {
  if (event === 'add') {
    if (fleet.alive.has(node))
      throw inputError(path, line, 'node', quote(node), 'one that is not in the fleet');
    fleet.alive.add(node);
  } else if (event === 'remove') {
    if (!fleet.alive.delete(node))
      throw inputError(path, line, 'node', quote(node), 'one that is in the fleet');
    fleet.removed++;
  } else throw inputError(path, line, 'event', quote(event), 'add or remove');
}

function secondsOf(path: string, line: number, cell: string): Seconds {
  const value = /^\d+(\.\d+)?$/.test(cell) ? Number(cell) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw inputError(path, line, 't_s', quote(cell), 'seconds of at least 0');
}
