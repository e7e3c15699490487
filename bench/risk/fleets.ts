import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { featuresOf } from '../../core/interruption/likelihood.ts';
import { NO_HISTORY, noteInterruptionOf } from '../../core/interruption/pool-history.ts';
import type { Seconds } from '../../core/time.ts';
import type { Sample } from './samples.ts';

const STEP: Seconds = 195;

/**
 * The same samples from what Spot took of real fleets, node by node. No zones are known of it: a fleet counts as one pool
 * without neighbours. Nothing is fitted to these.
 */
export function fleetSamples(file: string, horizons: readonly Seconds[]): Sample[] {
  const bytes = readFileSync(file);
  const rows: { fleet: string; t_s: string; event: string; node: string }[] = parse(
    file.endsWith('.gz') ? gunzipSync(bytes) : bytes,
    { columns: true },
  );
  return [...new Set(rows.map(({ fleet }) => fleet))].flatMap((fleet) => {
    const nodes: { from: Seconds; to: Seconds }[] = [];
    const alive = new Map<string, { from: Seconds; to: Seconds }>();
    const removals: Seconds[] = [];
    let last = 0;
    for (const { t_s, event, node } of rows.filter((row) => row.fleet === fleet)) {
      const at = Number(t_s);
      last = at;
      if (event === 'add') {
        const one = { from: at, to: Number.POSITIVE_INFINITY };
        nodes.push(one);
        alive.set(node, one);
      } else {
        alive.get(node)!.to = at;
        removals.push(at);
      }
    }
    const samples: Sample[] = [];
    let history = NO_HISTORY;
    let next = 0;
    for (let at = 0; at <= last - Math.max(...horizons); at += STEP) {
      for (; next < removals.length && removals[next]! <= at; next++)
        history = noteInterruptionOf(history, removals[next]!);
      for (const { from, to } of nodes.filter((node) => node.from <= at && node.to > at))
        samples.push({
          at,
          zone: fleet,
          features: featuresOf({ now: at, since: from, pool: history }),
          lost: horizons.map((horizon) => to - at <= horizon),
        });
    }
    return samples;
  });
}
