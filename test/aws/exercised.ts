import { createHash } from 'node:crypto';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { type FunctionName, functionName, NEEDS } from '../../lambdas/environment.ts';
import type { ControlHalf } from './control-half.ts';
import type { Call } from './recorder.ts';

/** IAM's prefix where it is not the name that requests are signed for. */
const PREFIX: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' };

/** REST operations by method and path, as far as functions of ours use them. */
const REST: readonly (readonly [RegExp, string])[] = [
  [/^POST \/2015-03-31\/functions\/[^/]+\/invocations/, 'InvokeFunction'],
  [/^GET \/[^/?]+\/?\?(.*&)?list-type=2/, 'ListBucket'],
  [/^(GET|HEAD) \/[^/]+\/[^?]/, 'GetObject'],
  [/^PUT \/[^/]+\/[^?]/, 'PutObject'],
];

/** The IAM action of a call, e.g. `dynamodb:GetItem`. */
export function actionOf({ service, operation }: Pick<Call, 'service' | 'operation'>): string {
  const named = REST.find(([pattern]) => pattern.test(operation))?.[1] ?? operation;
  return `${PREFIX[service] ?? service}:${named}`;
}

export interface Callers {
  /** Which function of the service made a call; undefined: none of them. */
  nameOf(call: Pick<Call, 'accessKey'>): FunctionName | undefined;
  actionOf: typeof actionOf;
}

/**
 * Tells functions by the access keys of their sessions. MiniStack makes the key of a function's session of the ARNs of
 * function and role (core/lambda_runtime.py, execution_credentials).
 */
export async function callersOf({ lambda }: ControlHalf, service: string): Promise<Callers> {
  const names = new Map<string, FunctionName>();
  for (const name of Object.keys(NEEDS) as FunctionName[]) {
    const found = await lambda.send(new GetFunctionCommand({ FunctionName: functionName(service, name) }));
    const { FunctionArn, Role } = found.Configuration!;
    const digest = createHash('sha256').update(`${FunctionArn}:${Role}`).digest('hex');
    names.set(`ASIA${digest.slice(0, 16).toUpperCase()}`, name);
  }
  return { nameOf: ({ accessKey }) => names.get(accessKey), actionOf };
}

/** Which server saw a function use an action: `exercised[function][action]`. */
export type Exercised = Readonly<Record<string, Readonly<Record<string, 'ministack' | 'moto'>>>>;

/** Of all calls that were answered, those by functions. An action that both servers saw counts for MiniStack. */
export function exercisedBy(calls: readonly Call[], callers: readonly Callers[]): Exercised {
  const found: Record<string, Record<string, 'ministack' | 'moto'>> = {};
  for (const call of calls) {
    const name = callers.map((one) => one.nameOf(call)).find((one) => one !== undefined);
    if (name === undefined || call.refused) continue;
    const action = actionOf(call);
    found[name] ??= {};
    if (found[name][action] !== 'ministack') found[name][action] = call.server;
  }
  const sorted = <T>(record: Record<string, T>) =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(Object.fromEntries(Object.entries(found).map(([name, actions]) => [name, sorted(actions)])));
}
