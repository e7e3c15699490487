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
/** First step away from a guessed target, squared each time that it does not reach. */
const FIRST_STEP = 1.015;
/** Unmet load need not rise smoothly with the target: the neighbourhood of each optimum is looked at, this many points each way. */
const AROUND = 10;
/** Targets closer than this are the same. */
const FINEST = 1.0005;

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
  if (peer.targets[0] === peer.targets[1]) return [runPeer(peer, trace, config, peer.starts[0]!)];
  const lines = new Map<string, Line>();
  const line = (knob: Knob) => {
    const key = JSON.stringify({ ...knob, target: 0 });
    const found = lines.get(key) ?? new Line(peer, trace, config, knob);
    lines.set(key, found);
    return found;
  };
  for (const share of shares) {
    for (const start of peer.starts) {
      let knob = start;
      let best = line(knob).at(share, knob.target, Number.POSITIVE_INFINITY);
      for (let helped = true; helped; ) {
        helped = false;
        for (const [name, values] of Object.entries(peer.choices)) {
          for (const value of values) {
            const other = { ...knob, [name]: value };
            const found = line(other).at(share, best.target, best.hours);
            if (found.hours >= best.hours) continue;
            [knob, best, helped] = [other, found, true];
          }
        }
      }
      line(knob).around(best.target);
    }
  }
  return [...lines.values()].flatMap((each) => each.outcomes());
}

interface Point {
  readonly target: number;
  readonly outcome: Outcome;
}

/** Outcomes along `target`, the discrete knobs held. */
class Line {
  readonly #run: (target: number) => Outcome;
  readonly #low: number;
  readonly #high: number;
  /** Ascending in target: hours fall and unmet load rises, by and large. */
  readonly #points: Point[] = [];

  constructor(peer: PeerPolicy, trace: ModelTrace, config: ModelConfig, knob: Knob) {
    this.#run = (target) => runPeer(peer, trace, config, { ...knob, target });
    [this.#low, this.#high] = peer.targets;
  }

  outcomes(): Outcome[] {
    return this.#points.map((point) => point.outcome);
  }

  around(target: number): void {
    for (let k = -AROUND; k <= AROUND; k++) this.#add(this.#inside(target * FIRST_STEP ** (k / 2)));
  }

  /**
   * Hours at an unmet share and the target for it, searched from `guess`; infinite when no target reaches it, or as
   * soon as it is clear that `limit` is not undercut.
   */
  at(share: number, guess: number, limit: number): { hours: number; target: number } {
    const none = { hours: Number.POSITIVE_INFINITY, target: guess };
    if (this.#points.length === 0) this.#add(this.#inside(guess));
    for (let factor = FIRST_STEP; ; ) {
      const above = this.#points.findIndex((point) => point.outcome.unmet > share);
      const met = above < 0 ? this.#points.at(-1) : this.#points[above - 1];
      const missed = above < 0 ? undefined : this.#points[above]!;
      if (missed !== undefined && missed.outcome.hours >= limit) return none;
      if (met === undefined) {
        if (missed!.target <= this.#low) return none;
        this.#add(this.#inside(missed!.target / factor));
        factor *= factor;
      } else if (missed === undefined) {
        if (met.target >= this.#high) return { hours: met.outcome.hours, target: met.target };
        this.#add(this.#inside(met.target * factor));
        factor *= factor;
      } else {
        const apart = Math.abs(met.outcome.hours / missed.outcome.hours - 1);
        if (apart <= GRID_ERROR || missed.target / met.target < FINEST) return between(met, missed, share);
        this.#add(Math.sqrt(met.target * missed.target));
      }
    }
  }

  #inside(target: number): number {
    return Math.min(this.#high, Math.max(this.#low, target));
  }

  #add(target: number): void {
    const at = this.#points.findIndex((point) => point.target > target);
    const point = { target, outcome: this.#run(target) };
    if (at < 0) this.#points.push(point);
    else this.#points.splice(at, 0, point);
  }
}

function between(met: Point, missed: Point, share: number): { hours: number; target: number } {
  const [a, b] = [met.outcome, missed.outcome];
  const part = (share - a.unmet) / (b.unmet - a.unmet);
  return { hours: a.hours + part * (b.hours - a.hours), target: met.target };
}
