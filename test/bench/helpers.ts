import type { ModelTrace, Outcome } from '../../backtest/model/model.ts';
import type { Cell } from '../../bench/capacity/study.ts';

export function outcome(hours: number, unmet: number): Outcome {
  return { knobs: `${hours} h`, hours, unmet };
}

/** A daily wave per shard with a quick ripple on it. */
export function waves(shards: number, minutes: number, history: number): ModelTrace {
  return {
    name: 'waves',
    shards: Array.from({ length: shards }, (_, s) => `s${s}`),
    load: Array.from({ length: shards }, (_, s) =>
      Float64Array.from(
        { length: minutes },
        (__, t) => 50 + 40 * Math.sin(t / 90 + s) + 5 * Math.sin(t * 1.3 + s),
      ),
    ),
    history,
    start: 0,
  };
}

/** A cell whose clairvoyant needs 100 hours at any unmet share; policies by name, in time only. */
export function cell(trace: string, policies: Readonly<Record<string, readonly Outcome[]>>): Cell {
  return {
    trace,
    size: 20,
    floor: [{ share: 0.001, hours: 100, slope: 0 }],
    fractional: [95],
    perfect: [outcome(102, 0.001)],
    fronts: [Object.entries(policies).map(([policy, outcomes]) => ({ policy, outcomes }))],
  };
}
