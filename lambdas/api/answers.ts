import type { OperationId } from '../../core/api/operations.ts';
import { documentOf } from './document.ts';
import { HAND_OVER_ANSWERS } from './hand-overs.ts';
import type { Answers } from './parts.ts';
import { RESERVATION_ANSWERS } from './reservations.ts';
import { RISK_ANSWERS } from './risk.ts';
import { SHARD_ANSWERS } from './shards.ts';
import { VM_ANSWERS } from './vm-shards.ts';

/** What answers each operation; one that is missing does not compile. */
export const ANSWERS: Answers<OperationId> = {
  ...SHARD_ANSWERS,
  ...RISK_ANSWERS,
  ...RESERVATION_ANSWERS,
  ...HAND_OVER_ANSWERS,
  ...VM_ANSWERS,
  getDocument: async ({ url }) => documentOf(url) as never,
};
