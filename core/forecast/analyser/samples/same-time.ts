import { hourOf, type Moment } from '../moment.ts';
import type { Sample } from './sample.ts';

const DAYS = 7;
const AROUND = 1;

/** Calls with an index of about the target's time on each of the last days, and of the origin's then. */
export function eachDay(
  { past, seasons, origin, target, lead }: Moment,
  see: (there: number, here: number) => void,
): void {
  const apart = Math.max(1, Math.round(hourOf(past) / 4));
  for (let n = 0; n < DAYS; n++) {
    const there = seasons.earlier(target, origin.index, past.day, n);
    if (there < 0) return;
    for (let k = -AROUND; k <= AROUND; k++) {
      const at = there + k * apart;
      if (at >= 0 && at <= origin.index) see(at, at - lead);
    }
  }
}

/** Within half an hour of the same time on the last seven days. */
export const sameTime: Sample = {
  name: 'same time of earlier days',
  draw(moment, into) {
    let count = 0;
    eachDay(moment, (there) => {
      into[count++] = moment.past.at(there, moment.origin.index);
    });
    return count;
  },
};

const WEEKS = 4;
const AROUND_WEEK = 3;

/** Within half an hour of the same time in the last four weeks. */
export const sameWeekday: Sample = {
  name: 'same time of earlier weeks',
  draw({ past, seasons, origin, target }, into) {
    const apart = Math.max(1, Math.round(hourOf(past) / 6));
    let count = 0;
    for (let n = 0; n < WEEKS; n++) {
      const there = seasons.earlier(target, origin.index, past.week, n);
      if (there < 0) break;
      for (let k = -AROUND_WEEK; k <= AROUND_WEEK; k++)
        if (there + k * apart >= 0) into[count++] = past.at(there + k * apart, origin.index);
    }
    return count;
  },
};
