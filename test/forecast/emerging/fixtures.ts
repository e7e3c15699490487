import type { Proposal } from '../../../core/forecast/emerging/proposal.ts';
import { HOUR } from '../../../core/time.ts';

/** 2026-01-05T00:00:00Z, a Monday. */
export const NOW = 1_767_571_200;

export const PROPOSAL: Proposal = {
  name: 'cart-gift',
  key: '/cart/gift',
  of: 'cart',
  route: { path: '/cart/gift/*' },
  state: 'open',
  changedAt: NOW,
  since: NOW,
  load: 30,
  share: 0.19,
  expected: { q50: 60, q90: 94.3, q95: 120 },
  threshold: 50,
  confidence: 0.8,
  readyBy: NOW + 5 * HOUR,
  kind: 'rising',
};
