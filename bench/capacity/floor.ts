import { capacities, type ModelConfig, type ModelTrace, type Outcome } from '../../backtest/model/model.ts';

/**
 * A line under everything that is possible, from the clairvoyant's proof at one unmet share: no policy needs fewer
 * than `hours + slope × (share − unmet)` hours, wherever its own unmet share lies.
 */
export interface FloorLine {
  readonly share: number;
  readonly hours: number;
  /** Hours that one more unit of unmet share is worth there. */
  readonly slope: number;
}

/** Fewest hours that the clairvoyant's proofs leave possible at an unmet share. */
export function floorAt(lines: readonly FloorLine[], unmet: number): number {
  return lines.reduce((most, { share, hours, slope }) => Math.max(most, hours + slope * (share - unmet)), 0);
}

/** Outcomes below the floor: a plan that beats the clairvoyant is a bug, in the plan or in the proof. */
export function beatsFloor(lines: readonly FloorLine[], outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter(({ hours, unmet }) => hours < floorAt(lines, unmet) * (1 - 1e-9));
}

/** Load × minutes of all shards in the judged part. */
export function judgedLoad(trace: ModelTrace): number {
  let sum = 0;
  for (const load of trace.load) for (let t = trace.history; t < load.length; t++) sum += load[t]!;
  return sum;
}

/**
 * Fewest hours if instances could be cut at will and moved for nothing, at least one active per shard. What may go
 * unmet is taken where it saves the most: from the shards with the smallest capacity per instance.
 */
export function fractionalHours(trace: ModelTrace, config: ModelConfig, unmetShare: number): number {
  const capacity = capacities(trace, config);
  let allowed = unmetShare * judgedLoad(trace);
  let minutes = 0;
  const dearestFirst = capacity.map((_, s) => s).sort((a, b) => capacity[a]! - capacity[b]!);
  for (const s of dearestFirst) {
    const [load, one] = [trace.load[s]!, capacity[s]!];
    let above = 0;
    for (let t = trace.history; t < load.length; t++) above += Math.max(0, load[t]! - one);
    const left = Math.max(0, above - allowed);
    allowed -= above - left;
    minutes += load.length - trace.history + left / one;
  }
  return minutes / 60;
}
