import { eachDay } from './same-time.ts';
import type { Sample } from './sample.ts';

const MOVES = 24;
const MOST_RATIO = 5;

/** The newest load, moved as it moved over the same stretch lately. */
export const recentMoves: Sample = {
  name: 'moves of late',
  draw({ past, origin, lead }, into) {
    const apart = Math.max(1, Math.floor(lead / 4));
    let count = 0;
    for (let i = 0; i < MOVES; i++) {
      const there = origin.index - i * apart;
      if (there < lead) break;
      const move = past.at(there, origin.index) - past.at(there - lead, origin.index);
      into[count++] = Math.max(0, origin.load + move);
    }
    return count;
  },
};

/** The newest load, moved as it moved at this time on earlier days. */
export const dayMoves: Sample = {
  name: 'moves of earlier days',
  draw(moment, into) {
    const { past, origin } = moment;
    let count = 0;
    eachDay(moment, (there, here) => {
      if (here < 0) return;
      into[count++] = Math.max(0, origin.load + past.at(there, origin.index) - past.at(here, origin.index));
    });
    return count;
  },
};

/** The load of the last points, times what it rose by at this time on earlier days. */
export const dayRatios: Sample = {
  name: 'rises of earlier days, in proportion',
  draw(moment, into) {
    const { past, origin } = moment;
    let count = 0;
    eachDay(moment, (there, here) => {
      if (here < 2) return;
      const before = past.mean(here - 2, here, origin.index);
      const rise = before > 0 ? Math.min(MOST_RATIO, past.at(there, origin.index) / before) : 1;
      into[count++] = rise * origin.three;
    });
    return count;
  },
};
