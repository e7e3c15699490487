import type { Expert } from './expert.ts';

/** The others' day tells of a change by at most so many times. */
const MOST_RISE = 3;

/** The mean of a day, as much higher or lower as the other shards' load usually is then: a new shard's day before it had one. */
export const others: Expert = {
  name: 'day of the other shards',
  guess: ({ origin, othersRise }) => origin.day * Math.min(MOST_RISE, othersRise),
};
