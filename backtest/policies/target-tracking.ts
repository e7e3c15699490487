import type { ModelConfig } from '../model/model.ts';
import { Group } from './group.ts';
import { type GroupResult, instancesFor, type Knob, type PeerPolicy, peakOf } from './peer.ts';

/** Consecutive breaching points that fire the two alarms of a target-tracking policy. */
export interface Alarms {
  readonly out: number;
  readonly in: number;
}

export const ONE_MINUTE_METRICS: Alarms = { out: 3, in: 15 };
/** 10-second metrics: three points are half a minute, which the minute model rounds up. */
export const TEN_SECOND_METRICS: Alarms = { out: 1, in: 5 };

/** The low alarm watches 90 % of the target. */
const LOW_ALARM = 0.9;
/** Minutes simulated before the judged ones, so that nobody is judged on a state that nobody chose. */
const WARM_UP = 1440;

/** What a target-tracking group is run with, beside its load. */
export interface Tracking {
  readonly target: number;
  /** Group and warm pool together; 0 is no warm pool. */
  readonly prepared: number;
  /** Maximum size of the group. */
  readonly max: number;
  readonly alarms: Alarms;
  /** Scale-in leaves capacity for the highest of the alarm's points, not for the newest only. */
  readonly gentle: boolean;
  /** Least desired capacity per minute that another policy asks for, such as a forecast. */
  readonly floor?: Int32Array;
}

/**
 * Runs a group under a target-tracking policy whose metric is load over the capacity in service (so it exceeds 100 %
 * under overload). The warm-up time is the lead time itself. Scale-out is proportional and counts what warms up as capacity;
 * scale-in is proportional too, rounded up, after the longer alarm, and is blocked while anything warms up.
 */
export function track(
  load: Float64Array,
  history: number,
  capacity: number,
  config: ModelConfig,
  tracking: Tracking,
): GroupResult {
  const { max, alarms, gentle, floor } = tracking;
  const usable = tracking.target * capacity;
  const low = LOW_ALARM * usable;
  const begin = Math.max(0, history - WARM_UP);
  const lag = 1 + config.delay;
  const served = new Int32Array(lag);
  const floorAt = (t: number) => (floor === undefined ? 1 : Math.min(max, floor[t]!));
  const first = Math.max(Math.min(max, instancesFor(load[begin]!, usable)), floorAt(begin));
  const group = new Group(first, tracking.prepared, config);
  let highRun = 0;
  let lowRun = 0;
  let paid = 0;
  let unmet = 0;
  let total = 0;
  for (let t = begin; t < load.length; t++) {
    group.arrive();
    let desired = group.capacity;
    if (t - lag >= begin) {
      const value = load[t - lag]!;
      const inService = served[t % lag]!;
      highRun = value > usable * inService ? highRun + 1 : 0;
      lowRun = value < low * inService ? lowRun + 1 : 0;
      if (highRun >= alarms.out) desired = Math.max(desired, Math.min(max, instancesFor(value, usable)));
      else if (lowRun >= alarms.in && group.starting === 0)
        desired = Math.min(desired, instancesFor(gentle ? highest(load, t - lag, alarms.in) : value, usable));
    }
    if (floor !== undefined) desired = Math.max(desired, floorAt(t));
    group.resize(desired);
    const active = group.active;
    served[t % lag] = active;
    if (t < history) continue;
    paid += group.price();
    total += load[t]!;
    const missed = load[t]! - active * capacity;
    if (missed > 0) unmet += missed;
  }
  return { instanceMinutes: paid, unmet, load: total };
}

/** Greatest of the `count` values up to `last`. */
function highest(load: Float64Array, last: number, count: number): number {
  let max = 0;
  for (let t = Math.max(0, last - count + 1); t <= last; t++) if (load[t]! > max) max = load[t]!;
  return max;
}

/** Maximum size and prepared capacity that hindsight gives a group; it never needs more than its peak does. */
export function sizes(peak: number, capacity: number, knob: Knob): { max: number; prepared: number } {
  const max = instancesFor(peak, capacity);
  return { max, prepared: Math.round(knob.prepared * max) };
}

export const PREPARED = [0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1] as const;

function targetTracking(name: string, alarms: Alarms, warmPool: boolean): PeerPolicy {
  return {
    name,
    targets: [0.2, 1.6],
    choices: warmPool ? { prepared: PREPARED, gentle: [0, 1] } : { gentle: [0, 1] },
    starts: [{ target: 0.8, prepared: warmPool ? 0.7 : 0, buffer: 0, ratio: 1, hourPeak: 0, gentle: 0 }],
    run(load, history, capacity, config, knob) {
      const size = sizes(peakOf(load), capacity, knob);
      return track(load, history, capacity, config, {
        target: knob.target,
        gentle: knob.gentle === 1,
        alarms,
        ...size,
      });
    },
    describe: (knob) =>
      `target ${percent(knob.target)}${knob.gentle === 1 ? ', gentle' : ''}${warmPool ? `, prepared ${percent(knob.prepared)} of peak` : ''}`,
  };
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1).replace(/\.0$/, '')} %`;
}

export const TARGET_TRACKING: readonly PeerPolicy[] = [
  targetTracking('target-tracking', ONE_MINUTE_METRICS, false),
  targetTracking('target-tracking-warm', ONE_MINUTE_METRICS, true),
  targetTracking('target-tracking-fast', TEN_SECOND_METRICS, false),
  targetTracking('target-tracking-fast-warm', TEN_SECOND_METRICS, true),
];
