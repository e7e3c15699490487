/**
 * Time in core is a plain number: **epoch seconds, UTC**. There is no clock here; `now` is always an argument.
 */
export type Seconds = number;

export const MINUTE: Seconds = 60;
export const HOUR: Seconds = 3600;
export const DAY: Seconds = 86_400;
export const WEEK: Seconds = 604_800;
