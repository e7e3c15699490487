import type { Seconds } from '../../core/time.ts';

/** When Spot instances could be had, zone by zone: from launch probes. All times are seconds from the trace's start. */
export interface AvailabilityTrace {
  readonly kind: 'availability';
  readonly name: string;
  readonly zones: readonly string[];
  /** Whether an instance can be had at the start, per zone. */
  readonly initial: readonly boolean[];
  /** Ascending by `at`; a zone's edges alternate. A falling one interrupts what runs there. */
  readonly edges: readonly { readonly at: Seconds; readonly zone: number; readonly available: boolean }[];
  readonly duration: Seconds;
}

/** What Spot took from whole fleets. Several fleets of one file follow one another; times are seconds from the first one's start. */
export interface FleetTrace {
  readonly kind: 'fleet';
  readonly name: string;
  readonly fleets: readonly string[];
  /** Ascending by `at`. `share`: instances removed over those that ran just before, in (0, 1]. */
  readonly removals: readonly { readonly at: Seconds; readonly share: number }[];
  readonly duration: Seconds;
}

export type SpotTrace = AvailabilityTrace | FleetTrace;

/** `at` is epoch seconds. `zone` is a name of the trace: the world says which of its own zones that is. */
export type SpotEvent =
  | { readonly at: Seconds; readonly kind: 'zone-lost' | 'zone-back'; readonly zone: string }
  | { readonly at: Seconds; readonly kind: 'remove'; readonly share: number };

/**
 * The events of a trace, laid from `start` on and repeated until `end` or cut there; `start ≤ at < end`, ascending.
 * All zones count as available before `start`: those that are not at a (re)start of the trace are lost there.
 */
export function interruptionsFrom(trace: SpotTrace, start: Seconds, end: Seconds): SpotEvent[] {
  const events: SpotEvent[] = [];
  const up = trace.kind === 'availability' ? trace.zones.map(() => true) : [];
  const turn = (at: Seconds, zone: number, available: boolean) => {
    if (up[zone] === available || trace.kind !== 'availability') return;
    up[zone] = available;
    events.push({ at, kind: available ? 'zone-back' : 'zone-lost', zone: trace.zones[zone]! });
  };
  for (let from = start; from < end; from += trace.duration) {
    if (trace.kind === 'availability') {
      for (const [zone, available] of trace.initial.entries()) turn(from, zone, available);
      for (const { at, zone, available } of trace.edges) {
        if (from + at < end) turn(from + at, zone, available);
      }
    } else {
      for (const { at, share } of trace.removals) {
        if (from + at < end) events.push({ at: from + at, kind: 'remove', share });
      }
    }
  }
  return events;
}
