import { type FunctionName, NEEDS } from '../lambdas/environment.ts';

/**
 * Names on AWS that are fixed by the service's name, so that functions, policies and groups can name each other
 * without a cycle in the template. What holds data (table, bucket) has a generated name instead: it outlives the stack.
 */
export interface Names {
  /** The On-Demand group, which has the warm pool. */
  readonly steadyGroup: string;
  readonly spotGroup: string;
  readonly bus: string;
  readonly hookDocument: string;
  readonly reportLogGroup: string;
  readonly dashboard: string;
  readonly api: string;
}

export const LAUNCH_HOOK = 'foreshard-launch';
export const TERMINATE_HOOK = 'foreshard-terminate';
/** On everything of a service that is made here; conditions of policies are on it. */
export const SERVICE_TAG = 'foreshard:service';
/** On target groups of others that a service may register slices in. */
export const ADOPTED_TAG = 'foreshard:adopted';

export function namesOf(service: string): Names {
  return {
    steadyGroup: `foreshard-${service}-steady`,
    spotGroup: `foreshard-${service}-spot`,
    bus: `foreshard-${service}`,
    hookDocument: `foreshard-${service}-hook`,
    reportLogGroup: `/foreshard/${service}/reports`,
    dashboard: `Foreshard-${service}`,
    api: `foreshard-${service}`,
  };
}

export const stackName = (service: string) => `Foreshard-${service}`;

export const FUNCTIONS = Object.keys(NEEDS) as FunctionName[];
