import type { Moment } from '../moment.ts';
import { sameTime } from './same-time.ts';
import type { Sample } from './sample.ts';

function recent({ past, origin }: Moment, points: number, apart: number, into: Float64Array): number {
  let count = 0;
  for (let i = 0; i < points; i++) {
    const index = origin.index - i * apart;
    if (index < 0) break;
    into[count++] = past.at(index, origin.index);
  }
  return count;
}

export const lastPoints: Sample = {
  name: 'last points',
  draw: (moment, into) => recent(moment, 12, 1, into),
};

const OF_DAY = 24;

export const lastDay: Sample = {
  name: 'last day',
  draw: (moment, into) => recent(moment, OF_DAY, Math.max(1, Math.round(moment.past.day / OF_DAY)), into),
};

/** The load as it is these hours, and as it was at this time of day. */
export const recentAndSameTime: Sample = {
  name: 'last points and same time of earlier days',
  draw(moment, into) {
    const count = sameTime.draw(moment, into);
    return count + recent(moment, 20, 1, into.subarray(count));
  },
};
