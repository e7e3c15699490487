import { capacities, type ModelConfig, type ModelTrace, type Outcome } from '../model/model.ts';
import type { Knob, PeerPolicy } from './peer.ts';
import { PREDICTIVE } from './predictive.ts';
import { STATIC_PEAK } from './static-peak.ts';
import { TARGET_TRACKING } from './target-tracking.ts';
import { USUAL } from './usual.ts';

/** Everybody to compare with, each with AWS's documented semantics and its own knobs (docs/peers.md). */
export const PEERS: readonly PeerPolicy[] = [STATIC_PEAK, ...TARGET_TRACKING, ...PREDICTIVE, USUAL];

/** Unmet shares at which results are compared. */
export const UNMET_SHARES = [0.001, 0.0002] as const;

/** Neighbours on the front differ by at most this share of hours around the unmet shares asked for. */
const GRID_ERROR = 0.005;
const COARSE = 7;
const MAX_ROUNDS = 4;

/** The fleet under one peer, the same knobs for each shard's group. */
export function runPeer(peer: PeerPolicy, trace: ModelTrace, config: ModelConfig, knob: Knob): Outcome {
  const capacity = capacities(trace, config);
  let minutes = 0;
  let unmet = 0;
  let total = 0;
  trace.load.forEach((load, s) => {
    const result = peer.run(load, trace.history, capacity[s]!, config, knob);
    minutes += result.instanceMinutes;
    unmet += result.unmet;
    total += result.load;
  });
  return { knobs: peer.describe(knob), hours: minutes / 60, unmet: total > 0 ? unmet / total : 0 };
}

/**
 * A peer's outcomes over its knobs, chosen in hindsight: for each unmet share one discrete knob at a time is set to
 * what costs least there, until none helps; `target` is refined until neighbours around the share are within 0.5 % in hours.
 * All outcomes that were seen are returned, the Pareto front among them.
 */
export function sweep(
  peer: PeerPolicy,
  trace: ModelTrace,
  config: ModelConfig,
  shares: readonly number[] = UNMET_SHARES,
): Outcome[] {
  if (peer.targets[0] === peer.targets[1]) return [runPeer(peer, trace, config, peer.start)];
  const lines = new Map<string, Line>();
  const line = (knob: Knob) => {
    const key = JSON.stringify({ ...knob, target: 0 });
    const found = lines.get(key) ?? new Line(peer, trace, config, knob);
    lines.set(key, found);
    return found;
  };
  for (const share of shares) {
    let knob = peer.start;
    let best = line(knob).hoursAt(share);
    for (let round = 0, helped = true; helped && round < MAX_ROUNDS; round++) {
      helped = false;
      for (const [name, values] of Object.entries(peer.choices)) {
        for (const value of values) {
          const other = { ...knob, [name]: value };
          const hours = line(other).hoursAt(share);
          if (hours >= best) continue;
          [knob, best, helped] = [other, hours, true];
        }
      }
    }
  }
  return [...lines.values()].flatMap((each) => each.outcomes());
}

/** Outcomes along `target`, the discrete knobs held. */
class Line {
  readonly #run: (target: number) => Outcome;
  /** Ascending in target: hours fall and unmet load rises, by and large. */
  readonly #points: { target: number; outcome: Outcome }[] = [];

  constructor(peer: PeerPolicy, trace: ModelTrace, config: ModelConfig, knob: Knob) {
    this.#run = (target) => runPeer(peer, trace, config, { ...knob, target });
    const [low, high] = peer.targets;
    for (let i = 0; i < COARSE; i++) this.#add(low * (high / low) ** (i / (COARSE - 1)));
  }

  outcomes(): Outcome[] {
    return this.#points.map((point) => point.outcome);
  }

  /** Hours at an unmet share, refining around it; infinite when no target reaches it. */
  hoursAt(share: number): number {
    for (;;) {
      const above = this.#points.findIndex((point) => point.outcome.unmet > share);
      if (above === 0) return Number.POSITIVE_INFINITY;
      if (above < 0) return this.#points.at(-1)!.outcome.hours;
      const met = this.#points[above - 1]!;
      const missed = this.#points[above]!;
      const apart = Math.abs(met.outcome.hours / missed.outcome.hours - 1);
      if (apart <= GRID_ERROR || missed.target / met.target < 1.0005) {
        const [a, b] = [met.outcome, missed.outcome];
        return a.hours + ((b.hours - a.hours) * (share - a.unmet)) / (b.unmet - a.unmet);
      }
      this.#add(Math.sqrt(met.target * missed.target));
    }
  }

  #add(target: number): void {
    const at = this.#points.findIndex((point) => point.target > target);
    const point = { target, outcome: this.#run(target) };
    if (at < 0) this.#points.push(point);
    else this.#points.splice(at, 0, point);
  }
}
