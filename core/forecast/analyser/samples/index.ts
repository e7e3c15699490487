import { dayMoves, dayRatios, recentMoves } from './moves.ts';
import { lastDay, lastPoints, recentAndSameTime } from './recent.ts';
import { samePhase } from './same-phase.ts';
import { sameTime } from './same-time.ts';
import type { Sample } from './sample.ts';

/** Those that the quantiles are made of, beside the experts' mix. Their order is part of the state's version. */
export const SAMPLES: readonly Sample[] = [
  lastPoints,
  lastDay,
  sameTime,
  recentAndSameTime,
  recentMoves,
  dayMoves,
  dayRatios,
  samePhase,
];
