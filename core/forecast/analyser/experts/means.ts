import type { Expert } from './expert.ts';

/** The last dozen points, newer ones weigh more. */
export const smoothed: Expert = { name: 'smoothed', guess: ({ origin }) => origin.smooth };
export const quarterMean: Expert = {
  name: 'mean of a quarter of an hour',
  guess: ({ origin }) => origin.quarter,
};
export const hourMean: Expert = { name: 'mean of an hour', guess: ({ origin }) => origin.hour };
export const dayMean: Expert = { name: 'mean of a day', guess: ({ origin }) => origin.day };
