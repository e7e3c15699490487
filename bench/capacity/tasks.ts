import {
  capacities,
  DEFAULT_MODEL,
  type ModelConfig,
  type ModelTrace,
  type Outcome,
} from '../../backtest/model/model.ts';
import { paretoFront } from '../../backtest/model/pareto.ts';
import { clairvoyantFront } from '../../backtest/policies/clairvoyant.ts';
import { packedVsWhole } from '../../backtest/policies/ours-packed.ts';
import { PEERS, runPeer, sweep } from '../../backtest/policies/sweep.ts';
import { USUAL } from '../../backtest/policies/usual.ts';
import type { Task } from '../lib/pool.ts';
import { type FloorLine, floorAt, fractionalHours, judgedLoad } from './floor.ts';
import { forecastSight, perfectSight, play, type Sight } from './play.ts';
import { around, refine, type Search } from './refine.ts';

/** What all traces are compared at. */
export interface Study {
  readonly traces: readonly ModelTrace[];
  /** Instances that a shard's peak needs. */
  readonly sizes: readonly number[];
  readonly shares: readonly number[];
  /** Minutes by which load metrics are late. */
  readonly delays: readonly number[];
}

/** The proof for one trace and size, with all that the other tasks need of it. */
export interface BoundResult {
  readonly floor: readonly FloorLine[];
  /** Per share of the study. */
  readonly fractional: readonly number[];
  /** The usual settings, per delay. */
  readonly usual: readonly Outcome[];
}

/** Per delay and size. */
export type OursResult = readonly (readonly (readonly Outcome[])[])[];

export type CapacityTask = Task &
  (
    | { readonly kind: 'bound'; readonly trace: number; readonly size: number }
    | { readonly kind: 'ours'; readonly trace: number; readonly bounds: readonly BoundResult[] }
    | { readonly kind: 'perfect'; readonly trace: number; readonly size: number; readonly bound: BoundResult }
    | { readonly kind: 'packed'; readonly trace: number; readonly size: number; readonly share: number }
    | {
        readonly kind: 'peer';
        readonly trace: number;
        readonly size: number;
        readonly delay: number;
        readonly peer: string;
      }
  );

/** Shares beside those asked for at which the floor is proven, so that it can be drawn. */
const FLOOR_SHARES = [0.005, 0.0005];

export function configOf(size: number, delay = 0): ModelConfig {
  return { ...DEFAULT_MODEL, peakInstances: size, delay };
}

/** Does one task; pure, so that results do not depend on who does it when. */
export function runTask(study: Study, task: CapacityTask, report: (share: number) => void): unknown {
  const trace = study.traces[task.trace]!;
  if (task.kind === 'bound') return bound(study, trace, task.size);
  if (task.kind === 'ours') return ours(study, trace, task.bounds, report);
  if (task.kind === 'perfect') return perfect(study, trace, task.size, task.bound);
  if (task.kind === 'packed') return packedVsWhole(trace, configOf(task.size), task.share, report).ratio;
  const peer = PEERS.find(({ name }) => name === task.peer)!;
  return paretoFront(sweep(peer, trace, configOf(task.size, task.delay), study.shares));
}

function bound(study: Study, trace: ModelTrace, size: number): BoundResult {
  const usual = study.delays.map((delay) => runPeer(USUAL, trace, configOf(size, delay), USUAL.starts[0]!));
  const shares = [...study.shares, ...FLOOR_SHARES, ...ownShares(usual)].sort((a, b) => b - a);
  const load = judgedLoad(trace);
  const floor = clairvoyantFront(trace, configOf(size), shares).map(({ hours, lambda }, i) => ({
    share: shares[i]!,
    hours,
    slope: (lambda * load) / 60,
  }));
  return {
    floor,
    fractional: study.shares.map((share) => fractionalHours(trace, configOf(size), share)),
    usual,
  };
}

/** Unmet shares of the usual settings at which ours is compared with them: none where they miss nothing. */
export function ownShares(usual: readonly Outcome[]): number[] {
  return usual.map(({ unmet }) => unmet).filter((unmet) => unmet > 0);
}

function ours(
  study: Study,
  trace: ModelTrace,
  bounds: readonly BoundResult[],
  report: (share: number) => void,
): OursResult {
  let guesses = bounds.map(({ floor, usual }, i) =>
    [...study.shares, ...ownShares(usual)].map((share) => worthAt(trace, study.sizes[i]!, floor, share)),
  );
  const { delays } = study;
  return delays.map((delay, d) => {
    const searches = bounds.map(({ usual }, i) => ({
      first: spread(guesses[i]!, d === 0 ? UNSURE : LATER),
      shares: [...study.shares, ...ownShares([usual[d]!])],
    }));
    let pass = 0;
    const sight = forecastSight(trace, delay);
    const tried = refineOurs(
      study,
      trace,
      searches,
      delay,
      () => sight,
      (share) => {
        // Two passes are usual; what more there are add less and less.
        report((d + 1 - 0.5 ** pass + 0.5 ** (pass + 1) * share) / delays.length);
        if (share === 1) pass++;
      },
    );
    // Late metrics move the front a little: the next search begins around what this one found.
    guesses = tried
      .map((each, i) =>
        searches[i]!.shares.flatMap((share) => {
          const { met } = around(each, share);
          return met ? [met.knob] : [];
        }),
      )
      .map((found, i) => (found.length > 0 ? found : guesses[i]!));
    return tried.map((each) => paretoFront(each.map(({ outcome }) => outcome)));
  });
}

function perfect(study: Study, trace: ModelTrace, size: number, { floor }: BoundResult): Outcome[] {
  const guesses = study.shares.map((share) => worthAt(trace, size, floor, share));
  const search = { first: spread(guesses, SURE), shares: study.shares };
  const [tried] = refineOurs({ ...study, sizes: [size] }, trace, [search], 0, () => perfectSight(trace));
  return paretoFront(tried!.map(({ outcome }) => outcome));
}

/** Refines ours for all sizes in lockstep; one search per size. */
function refineOurs(
  study: Study,
  trace: ModelTrace,
  searches: readonly Search[],
  delay: number,
  sight: () => Sight,
  report: (share: number) => void = () => undefined,
) {
  return refine(searches, (asks) => {
    const plays = asks.map(({ search, knob }) => ({
      config: configOf(study.sizes[search]!, delay),
      worth: knob,
    }));
    const outcomes = play(trace, sight(), plays, report);
    report(1);
    return outcomes;
  });
}

/** The clairvoyant's price of unmet load near a share, as the worth that ours knows. */
function worthAt(trace: ModelTrace, size: number, floor: readonly FloorLine[], share: number): number {
  const binding = floor.reduce((best, line) =>
    line.hours + line.slope * (line.share - share) >= floorAt(floor, share) * (1 - 1e-12) ? line : best,
  );
  const capacity = capacities(trace, configOf(size));
  const mean = capacity.reduce((sum, one) => sum + one, 0) / capacity.length;
  const load = judgedLoad(trace);
  const worth = load > 0 ? ((binding.slope * 60) / load) * mean : 1;
  return worth > 0 ? worth : 1;
}

/**
 * Who does not know the load must value it higher than the clairvoyant for the same unmet share, up to several times
 * where little may go unmet. One more pass costs as much as ten more settings, so the first grid is wide.
 */
const UNSURE = 5;
/** The same over what was found with metrics that are less late. */
const LATER = 2.2;
/** The same for perfect forecasts: whole instances and moves cost more than in the bound. */
const SURE = 2;
/** Closest neighbours of a first grid, and its most settings: what the usual settings miss may be next to nothing. */
const STEP = 1.4;
const MOST_FIRST = 14;

/** First settings: a geometric grid from just below the lowest guess to `above` times the highest one. */
function spread(guesses: readonly number[], above: number): number[] {
  const low = 0.9 * Math.min(...guesses);
  const high = above * Math.max(...guesses);
  const steps = Math.min(MOST_FIRST - 1, Math.ceil(Math.log(high / low) / Math.log(STEP)));
  return Array.from({ length: steps + 1 }, (_, i) => low * (high / low) ** (i / steps));
}
