import type { Outcome } from '../../backtest/model/model.ts';
import { paretoFront } from '../../backtest/model/pareto.ts';

/** One setting of a single continuous knob and what came of it; more of the knob is more hours and less unmet load. */
export interface Tried {
  readonly knob: number;
  readonly outcome: Outcome;
}

/** One search of its own: a knob's first settings, and the unmet shares around which it is refined. */
export interface Search {
  readonly first: readonly number[];
  readonly shares: readonly number[];
}

export interface Ask {
  readonly search: number;
  readonly knob: number;
}

/** Neighbours on the front around a share may differ by this share of hours. */
export const GRID_ERROR = 0.005;
/** Aimed at, so that a front that is not quite straight needs no further pass. */
const AIM = 0.8 * GRID_ERROR;
/** New settings per share and pass. */
const MOST = 5;
/** Settings closer than this (natural log) are the same. */
const FINEST = 0.002;
const MOST_PASSES = 8;
/** Where to look when all settings lie on one side of a share, and where to give up. */
const FAR = [2.5, 12, 100];
const KNOBS = { low: 1e-3, high: 1e6 };

/**
 * Refines several searches at once until each share lies between two neighbours that differ by at most `GRID_ERROR`,
 * or cannot be reached. Each pass is one call of `run` for all that is asked, because passes are what costs.
 * @param run outcomes in the order of what was asked
 */
export function refine(
  searches: readonly Search[],
  run: (asks: readonly Ask[]) => readonly Outcome[],
): Tried[][] {
  const tried: Tried[][] = searches.map(() => []);
  let asks = searches.flatMap(({ first }, search) => first.map((knob) => ({ search, knob })));
  for (let pass = 0; pass < MOST_PASSES && asks.length > 0; pass++) {
    run(asks).forEach((outcome, i) => {
      const { search, knob } = asks[i]!;
      tried[search]!.push({ knob, outcome });
    });
    asks = searches.flatMap(({ shares }, search) =>
      distinct(
        shares.flatMap((share) => nextKnobs(tried[search]!, share)),
        tried[search]!,
      ).map((knob) => ({ search, knob })),
    );
  }
  return tried;
}

/** The neighbours of an unmet share on the front: the last setting that meets it and the first that misses it. */
export function around(tried: readonly Tried[], share: number): { met?: Tried; missed?: Tried } {
  const front = paretoFront(tried.map((each) => each.outcome));
  const of = (outcome: Outcome | undefined) => tried.find((each) => each.outcome === outcome);
  const met = of(front.findLast((outcome) => outcome.unmet <= share));
  const missed = of(front.find((outcome) => outcome.unmet > share));
  return { ...(met && { met }), ...(missed && { missed }) };
}

/** Settings to try next for one share; none when it is bracketed closely enough or out of reach. */
function nextKnobs(tried: readonly Tried[], share: number): number[] {
  const { met, missed } = around(tried, share);
  const knobs = tried.map(({ knob }) => knob);
  if (met === undefined) {
    const top = Math.max(...knobs);
    return top >= KNOBS.high ? [] : FAR.map((factor) => top * factor);
  }
  if (missed === undefined) {
    const low = Math.min(...knobs);
    return low <= KNOBS.low ? [] : FAR.map((factor) => low / factor);
  }
  const apart = met.outcome.hours / missed.outcome.hours - 1;
  const span = Math.log(met.knob / missed.knob);
  if (apart <= GRID_ERROR || Math.abs(span) < FINEST) return [];
  const parts = Math.ceil(apart / AIM);
  const at = (part: number) => missed.knob * Math.exp(span * part);
  if (parts <= MOST + 1) return Array.from({ length: parts - 1 }, (_, i) => at((i + 1) / parts));
  const guess = guessedPart(met.outcome.unmet, missed.outcome.unmet, share);
  const half = (MOST - 1) / 2;
  return Array.from({ length: MOST }, (_, i) => guess + (i - half) / parts)
    .filter((part) => part > 0 && part < 1)
    .map(at);
}

/** Unmet load falls about as a power of the knob. */
function guessedPart(met: number, missed: number, share: number): number {
  return met > 0 ? Math.log(missed / share) / Math.log(missed / met) : 0.5;
}

function distinct(knobs: readonly number[], tried: readonly Tried[]): number[] {
  const taken = tried.map(({ knob }) => knob);
  return knobs.filter((knob) => {
    if (taken.some((other) => Math.abs(Math.log(knob / other)) < FINEST)) return false;
    taken.push(knob);
    return true;
  });
}
