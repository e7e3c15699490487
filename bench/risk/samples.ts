import type { AvailabilityTrace } from '../../backtest/input/spot.ts';
import { type Evidence, featuresOf } from '../../core/interruption/likelihood.ts';
import { NO_HISTORY, noteInterruptionOf, type PoolHistory } from '../../core/interruption/pool-history.ts';
import type { Seconds } from '../../core/time.ts';

/** One instance at one time, and whether its zone was lost within each horizon after it. */
export interface Sample {
  readonly at: Seconds;
  readonly zone: string;
  readonly features: readonly number[];
  /** Per horizon. */
  readonly lost: readonly boolean[];
}

/** Seconds between two samples: as the probes of the trace. */
const STEP: Seconds = 195;

/**
 * An instance in each zone whenever the zone is up, launched when it came up. A falling edge takes it: the traces are
 * launch probes, so that is an approximation. What a sample knows ends at its time.
 * @param horizons seconds; samples whose longest horizon goes beyond the trace are left out
 */
export function samplesOf(trace: AvailabilityTrace, horizons: readonly Seconds[]): Sample[] {
  const last = trace.duration - Math.max(...horizons);
  const falls = trace.zones.map((_, zone) =>
    trace.edges.filter((edge) => edge.zone === zone && !edge.available).map(({ at }) => at),
  );
  const histories: PoolHistory[] = trace.zones.map(() => NO_HISTORY);
  const upSince: (Seconds | undefined)[] = trace.initial.map((up) => (up ? 0 : undefined));
  const samples: Sample[] = [];
  let edge = 0;
  for (let at = 0; at <= last; at += STEP) {
    for (; edge < trace.edges.length && trace.edges[edge]!.at <= at; edge++) {
      const { at: when, zone, available } = trace.edges[edge]!;
      if (!available) histories[zone] = noteInterruptionOf(histories[zone]!, when);
      upSince[zone] = available ? when : undefined;
    }
    trace.zones.forEach((zone, z) => {
      const since = upSince[z];
      if (since === undefined) return;
      const next = falls[z]!.find((when) => when > at) ?? Number.POSITIVE_INFINITY;
      const evidence: Evidence = {
        now: at,
        since,
        pool: histories[z]!,
        neighbours: neighboursOf(trace, z, histories),
      };
      samples.push({
        at,
        zone,
        features: featuresOf(evidence),
        lost: horizons.map((horizon) => next - at <= horizon),
      });
    });
  }
  return samples;
}

/** Zones of the same region: their names but for the last letter. */
function neighboursOf(trace: AvailabilityTrace, z: number, histories: readonly PoolHistory[]): PoolHistory[] {
  const region = trace.zones[z]!.slice(0, -1);
  return histories.filter((_, other) => other !== z && trace.zones[other]!.startsWith(region));
}
