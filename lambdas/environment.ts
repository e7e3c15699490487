/**
 * The environment of every function: one contract that CDK fills in (infra/) and the handlers read. A variable that
 * one side has and the other lacks does not compile; a bad value stops the function at its start.
 */

/** Every variable, and what it holds. */
export interface Variables {
  /** Name of the service, as in the settings. */
  readonly SERVICE: string;
  /** Name of the table. */
  readonly TABLE: string;
  /** Name of the bucket: `settings.yaml`, `forecasters/<chunk>`, `proposals/trackers`. */
  readonly BUCKET: string;
  /** Name of the event bus. */
  readonly BUS: string;
  /** Name of the On-Demand group, which has the warm pool. */
  readonly STEADY_GROUP: string;
  /** Name of the Spot group. */
  readonly SPOT_GROUP: string;
  /** ARNs of the state machines. */
  readonly MOVE_MACHINE: string;
  readonly HAND_OVER_MACHINE: string;
  readonly STANDBY_MACHINE: string;
  /** Name of the SSM document that runs a hook on an instance. */
  readonly HOOK_DOCUMENT: string;
  /** Log group in which the reporters of the instances write their load. */
  readonly REPORT_LOG_GROUP: string;
  readonly VPC_ID: string;
  /** JSON: `[{"listener": ARN, "loadBalancer": ARN, "dns": name}]`, in order. */
  readonly LISTENERS: string;
  /** Names of functions that others start. */
  readonly PLAN_FUNCTION: string;
  readonly POLL_FUNCTION: string;
  readonly ROUTE_SYNC_FUNCTION: string;
}

const EVERY = ['SERVICE', 'TABLE', 'BUCKET'] as const;
const PORTS = [...EVERY, 'BUS', 'STEADY_GROUP', 'SPOT_GROUP', 'HOOK_DOCUMENT'] as const;

/** What each function needs; the key is its folder, the end of its name on AWS and its CDK id. */
export const NEEDS = {
  plan: [
    ...PORTS,
    'MOVE_MACHINE',
    'HAND_OVER_MACHINE',
    'STANDBY_MACHINE',
    'REPORT_LOG_GROUP',
    'POLL_FUNCTION',
    'ROUTE_SYNC_FUNCTION',
  ],
  forecast: EVERY,
  'claim-slice': PORTS,
  'await-target': [...EVERY, 'POLL_FUNCTION'],
  'activate-slice': PORTS,
  'commit-move': PORTS,
  'undo-move': PORTS,
  'poll-targets': EVERY,
  'wake-instance': PORTS,
  'place-standby': [...PORTS, 'MOVE_MACHINE'],
  'hand-over-slots': PORTS,
  'open-hand-over': PORTS,
  'await-hand-over': PORTS,
  'redirect-traffic': PORTS,
  'note-interruption': [...PORTS, 'PLAN_FUNCTION'],
  'evacuate-slice': PORTS,
  'finish-evacuation': PORTS,
  'instance-events': [...PORTS, 'HAND_OVER_MACHINE', 'PLAN_FUNCTION'],
  'route-sync': [...EVERY, 'BUS', 'VPC_ID', 'LISTENERS'],
  'propose-shards': [...EVERY, 'BUS', 'REPORT_LOG_GROUP', 'ROUTE_SYNC_FUNCTION'],
  'termination-policy': ['SERVICE', 'TABLE'],
  'shard-charts': EVERY,
  api: [...EVERY, 'BUS', 'STEADY_GROUP', 'SPOT_GROUP', 'HAND_OVER_MACHINE'],
} as const satisfies Readonly<Record<string, readonly (keyof Variables)[]>>;

export type FunctionName = keyof typeof NEEDS;
export type EnvironmentOf<F extends FunctionName> = Pick<Variables, (typeof NEEDS)[F][number]>;

/** Its name on AWS. Fixed, so that functions, machines and policies can name each other without a cycle. */
export const functionName = (service: string, name: FunctionName) => `foreshard-${service}-${name}`;
export const machineName = (
  service: string,
  flow: 'move' | 'hand-over' | 'activate-standby' | 'forecast-fleet',
) => `foreshard-${service}-${flow}`;

/**
 * What the function's environment says.
 * @throws {RangeError} that names each variable which is missing or empty.
 */
export function environmentOf<F extends FunctionName>(
  name: F,
  env: Readonly<Record<string, string | undefined>> = process.env,
): EnvironmentOf<F> {
  const needs: readonly string[] = NEEDS[name];
  const missing = needs.filter((key) => !env[key]);
  if (missing.length > 0)
    throw new RangeError(`environment of ${name}: expected a value for ${missing.join(', ')}, got none`);
  return Object.fromEntries(needs.map((key) => [key, env[key]])) as unknown as EnvironmentOf<F>;
}
