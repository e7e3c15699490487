import type { Expert } from './expert.ts';

export const quarterMean: Expert = { name: 'last quarter of an hour', guess: ({ origin }) => origin.quarter };
export const hourMean: Expert = { name: 'last hour', guess: ({ origin }) => origin.hour };
export const dayMean: Expert = { name: 'last day', guess: ({ origin }) => origin.day };
