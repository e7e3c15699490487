import type { AvailabilityTrace } from '../../backtest/input/spot.ts';
import { DAY, type Seconds } from '../../core/time.ts';
import { serve } from '../lib/pool.ts';
import { Play } from './play.ts';
import type { Cell } from './rows.ts';
import type { Outcome } from './tally.ts';
import { eventsOf } from './trace.ts';

/** Midnight, so that times read well. */
const START: Seconds = 1_767_225_600;

export interface Shared {
  readonly trace: AvailabilityTrace;
}

export interface PlayTask extends Cell {
  readonly weight: number;
  readonly days: number;
  readonly skip: number;
}

serve<Shared, PlayTask>(async ({ trace }, { assumed, policy, days, skip }, report): Promise<Outcome> => {
  const play = new Play(assumed, policy, trace.zones, eventsOf(trace, START, { skip, days }), START);
  const tally = await play.run(START + days * DAY, (at) => report((at - START) / (days * DAY)));
  return tally.outcome();
});
