import type { FunctionName } from '../lambdas/environment.ts';
import { type Grant, NO_LEVEL } from './grants/common.ts';
import { FUNCTION_GRANTS } from './grants/functions.ts';
import { OTHER_GRANTS, type OtherRole } from './grants/others.ts';
import { FUNCTIONS } from './names.ts';

/**
 * Everything that a role of ours may do, in one place: the policies are made from this, docs/iam.md is printed from
 * it, and a test compares the synthesised template with it, both ways. No role gets anything from elsewhere.
 */

export { type Grant, RESOURCES, type ResourceName } from './grants/common.ts';

export type RoleName = FunctionName | OtherRole;

export const ROLES: readonly RoleName[] = [...FUNCTIONS, ...(Object.keys(OTHER_GRANTS) as OtherRole[])];

/** What every function may do. */
const EVERY: readonly Grant[] = [
  { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: ['ownLogs'], why: 'its log' },
  {
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    on: ['any'],
    why: `active tracing; ${NO_LEVEL}`,
  },
];

/** What a role may do. */
export function grantsOf(role: RoleName): readonly Grant[] {
  return role in FUNCTION_GRANTS
    ? [...EVERY, ...FUNCTION_GRANTS[role as FunctionName]]
    : OTHER_GRANTS[role as OtherRole];
}
