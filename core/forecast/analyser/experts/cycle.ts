import type { Expert } from './expert.ts';

/** The same phase of the last cycles. */
export const cycle: Expert = {
  name: 'cycle',
  guess: ({ cycle, origin, target }) => cycle.expected(target, origin.index),
};

/** That, at the level of the last points. */
export const cycleShifted: Expert = {
  name: 'cycle, level-shifted',
  guess: ({ cycle, origin, target }) => cycle.expected(target, origin.index) + cycle.above(origin.index),
};
