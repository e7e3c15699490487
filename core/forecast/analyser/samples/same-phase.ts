import type { Sample } from './sample.ts';

const CYCLES = 12;

/** What the cycle makes expect, off by what the same phase of the last cycles was off by. */
export const samePhase: Sample = {
  name: 'same phase of the cycle',
  draw({ past, cycle, origin, target }, into) {
    const centre = cycle.expected(target, origin.index) + cycle.above(origin.index);
    if (Number.isNaN(centre)) return 0;
    let count = 0;
    let sum = 0;
    for (let n = 0; n < CYCLES; n++) {
      const at = cycle.earlier(target, origin.index, n);
      if (at < 0) break;
      const off =
        (past.at(at, origin.index) - past.at(cycle.earlier(target, origin.index, n + 1), origin.index)) *
        Math.SQRT1_2;
      if (Number.isNaN(off)) break;
      into[count++] = off;
      sum += off;
    }
    for (let i = 0; i < count; i++) into[i] = Math.max(0, centre + into[i]! - sum / count);
    return count;
  },
};
