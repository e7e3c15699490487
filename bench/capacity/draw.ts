import type { Cell } from './study.ts';
export function drawing(_cells: readonly Cell[], _shares: readonly number[]): string {
  return '';
}
