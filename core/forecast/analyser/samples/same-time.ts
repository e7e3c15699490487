import { MINUTE } from '../../../time.ts';
import type { Moment } from '../moment.ts';
import type { Sample } from './sample.ts';

const QUARTER = 15 * MINUTE;
const DAYS = 7;
const AROUND = 1;

/** Calls with an index of about the target's time on each of the last days, and of the origin's then. */
export function eachDay(
  { past, seasons, origin, target }: Moment,
  see: (there: number, here: number) => void,
): void {
  const apart = Math.max(1, Math.round(QUARTER / past.step));
  const passed = seasons.since(origin.index, target);
  for (let n = 0; n < DAYS; n++) {
    const there = seasons.earlier(target, origin.index, past.day, n);
    if (there < 0) return;
    for (let k = -AROUND; k <= AROUND; k++) {
      const at = there + k * apart;
      if (at >= 0 && at <= origin.index) see(at, seasons.before(at, passed));
    }
  }
}

/** Within a quarter of an hour, or a point, of the same time on the last seven days. */
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
