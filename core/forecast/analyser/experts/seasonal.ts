import type { Expert } from './expert.ts';

/** A season tells of a change by at most so many times. */
const MOST_RATIO = 4;

export const daily: Expert = { name: 'daily season', guess: ({ season }) => season.day };

export const weekly: Expert = { name: 'weekly season', guess: ({ season }) => season.week };

/** The newest load, moved as the season moved from then to now on earlier days. */
export const dailyShifted: Expert = {
  name: 'daily season, level-shifted',
  guess: ({ origin, season }) => origin.load + season.day - origin.season.day,
};

export const weeklyShifted: Expert = {
  name: 'weekly season, level-shifted',
  guess: ({ origin, season }) => origin.load + season.week - origin.season.week,
};

/** The load of the last quarter of an hour, times what the season rose by from then to now. */
export const dailyRatio: Expert = {
  name: 'daily season, in proportion',
  guess({ origin, season }) {
    if (!(origin.season.day > 0)) return Number.NaN;
    const ratio = season.day / origin.season.day;
    return origin.quarter * Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, ratio));
  },
};
