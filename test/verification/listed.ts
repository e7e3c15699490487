import { readFileSync } from 'node:fs';
import { grantsOf, ROLES } from '../../infra/grants.ts';
import type { Exercised } from '../aws/exercised.ts';
import { ELSEWHERE, type Elsewhere } from './elsewhere.ts';

/** One use of an action by a role, and where it is proven. */
export interface Listed {
  readonly role: string;
  readonly action: string;
  readonly where: 'ministack' | 'moto' | Elsewhere;
}

export const EXERCISED_FILE = new URL('../aws/exercised.json', import.meta.url);

/** What `npm run test:aws` sees functions do, each time. */
export function exercised(): Exercised {
  return JSON.parse(readFileSync(EXERCISED_FILE, 'utf8')) as Exercised;
}

/**
 * Every granted action with where it was exercised.
 * @throws {Error} that names those which are listed nowhere
 */
export function listed(seen: Exercised = exercised()): readonly Listed[] {
  const missing: string[] = [];
  const all = ROLES.flatMap((role) =>
    [...new Set(grantsOf(role).flatMap(({ actions }) => actions))].flatMap((action): Listed[] => {
      const where =
        seen[role]?.[action] ??
        ELSEWHERE.find((one) => one.action === action && (one.roles?.includes(role) ?? true))?.proof;
      if (where === undefined) missing.push(`${role}: ${action}`);
      return where === undefined ? [] : [{ role, action, where }];
    }),
  );
  if (missing.length > 0)
    throw new Error(`granted, and nowhere exercised (test/verification/elsewhere.ts): ${missing.join(', ')}`);
  return all;
}
