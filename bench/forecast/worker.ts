import { serve } from '../lib/pool.ts';
import { type Answer, type Case, nothing } from './answers.ts';
import { forecastAugurs } from './augurs.ts';
import { play } from './play.ts';

export interface Shared {
  readonly cases: readonly Case[];
}

/** All origins of a case by one of ours, or one origin of it by augurs, which keeps nothing between two. */
export interface PlayTask {
  readonly weight: number;
  readonly case: number;
  readonly forecaster: string;
  /** Index of the newest value known; undefined: by one of ours. */
  readonly origin?: number;
}

export interface Played {
  readonly answers: readonly (Answer | undefined)[];
  /** CPU seconds of this thread. */
  readonly seconds: number;
  readonly failed?: string;
}

serve<Shared, PlayTask>(({ cases }, task): Played => {
  const one = cases[task.case]!;
  const before = process.threadCpuUsage();
  const answers = answersOf(one, task);
  const { user, system } = process.threadCpuUsage(before);
  return { ...answers, seconds: (user + system) / 1e6 };
});

function answersOf(one: Case, { forecaster, origin }: PlayTask): Omit<Played, 'seconds'> {
  if (origin === undefined) return { answers: play(forecaster, one) };
  try {
    return { answers: [forecastAugurs(one.series, origin)] };
  } catch (error) {
    // As with the models of Python: what gives nothing counts as the last value, held.
    return { answers: [nothing(one.series, origin)], failed: String(error) };
  }
}
