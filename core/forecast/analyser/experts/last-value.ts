import type { Expert } from './expert.ts';

export const lastValue: Expert = { name: 'last value', guess: ({ origin }) => origin.load };
