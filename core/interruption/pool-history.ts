import { HOUR, MINUTE, type Seconds } from '../time.ts';

/**
 * What is remembered of a Spot pool: how often it was interrupted of late, as counts that fade. Two half-lives say
 * about as much as a list of all interruptions would (1 and 24 hours; 6 and 96 added nothing, docs/risk.md).
 */
export interface PoolHistory {
  /** When the counts were brought up to date. */
  readonly at: Seconds;
  /** Faded counts, one per {@link HALF_LIVES}. */
  readonly counts: readonly number[];
  /** The newest interruption. */
  readonly last?: Seconds;
}

export const HALF_LIVES: readonly Seconds[] = [HOUR, 24 * HOUR];

/** Instances of one pool that are interrupted so close to each other were interrupted once. */
const TOGETHER: Seconds = 3 * MINUTE;

export const NO_HISTORY: PoolHistory = { at: 0, counts: HALF_LIVES.map(() => 0) };

/** The counts, faded to `now`. An earlier `now` than the history's changes nothing. */
export function countsAt({ at, counts }: PoolHistory, now: Seconds): number[] {
  const passed = Math.max(0, now - at);
  return counts.map((count, i) => count * 2 ** (-passed / HALF_LIVES[i]!));
}

/** One more interruption at `at`; together with the one before it counts once. */
export function noteInterruptionOf(history: PoolHistory, at: Seconds): PoolHistory {
  if (history.last !== undefined && at - history.last < TOGETHER) return history;
  return { at: Math.max(at, history.at), counts: countsAt(history, at).map((count) => count + 1), last: at };
}
