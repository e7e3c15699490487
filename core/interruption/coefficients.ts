import type { Coefficients } from './likelihood.ts';

/** Written by `npm run bench:risk -- --fit`. */
export const COEFFICIENTS: Readonly<Record<'minutes15' | 'minutes60', Coefficients>> = {
  minutes15: { base: -1.1029, weights: [0.1549, 0.6036, -0.754] },
  minutes60: { base: -0.2979, weights: [0.2539, 0.7288, -0.6462] },
};
