import { changes, type Operation } from '../../core/api/operation.ts';
import { OPERATIONS, operationOf } from '../../core/api/operations.ts';
import { ApiProblem, type Problem, parsePart, problemOf } from '../../core/api/problem.ts';
import { ANSWERS } from './answers.ts';
import { idempotencyKey } from './document.ts';
import { type ApiAnswer, type ApiRequest, jsonOf } from './event.ts';
import { asProblem } from './expected.ts';
import type { OncePerKey } from './idempotency.ts';
import type { ApiParts } from './parts.ts';

export interface Serving {
  readonly parts: ApiParts;
  readonly once: OncePerKey;
  /** Milliseconds that are left. */
  readonly remaining: () => number;
  /** Told of what nobody expected, before the answer says `internal`. */
  readonly unexpected: (error: Error) => void;
}

/**
 * Answers one request. The gateway has checked who asks and has matched the route: the operation goes by the route's
 * key. Never throws: what goes wrong is an answer too.
 */
export async function serve(request: ApiRequest, serving: Serving): Promise<ApiAnswer> {
  const { requestId } = request.requestContext;
  try {
    return await answer(request, serving);
  } catch (error) {
    const expected = asProblem(error);
    if (expected === undefined) serving.unexpected(error as Error);
    const problem = expected ?? new ApiProblem('internal', 'the log has more under this id');
    return said(problemOf(problem, requestId));
  }
}

async function answer(request: ApiRequest, { parts, once, remaining }: Serving): Promise<ApiAnswer> {
  const id = operationOf(request.routeKey);
  if (id === undefined) throw new ApiProblem('not-found', `no operation ${request.routeKey}`);
  const operation: Operation = OPERATIONS[id];
  const input = inputOf(operation, request);
  const by = request.requestContext.authorizer?.iam.userArn ?? 'unknown';
  const url = `https://${request.requestContext.domainName}`;
  // The compiler cannot see that this operation's answer takes what its own schemas gave.
  const answerOf = ANSWERS[id] as (call: unknown) => Promise<unknown>;
  const work = async (): Promise<ApiAnswer> => ({
    statusCode: operation.status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(await answerOf({ ...input, parts, by, url })),
  });
  const key = changes(operation) && parsePart('headers', idempotencyKey, request.headers['idempotency-key']);
  return key ? once({ key: [key, by], request: { id, ...input } }, remaining, work) : work();
}

/** Every part as the operation's schemas have it. @throws {ApiProblem} `invalid` */
function inputOf({ params, query, body }: Operation, request: ApiRequest) {
  return {
    ...(params && { params: parsePart('path', params, request.pathParameters) }),
    ...(query && { query: parsePart('query', query, request.queryStringParameters) }),
    ...(body && { body: parsePart('body', body, parsedBody(request)) }),
  };
}

function parsedBody(request: ApiRequest): unknown {
  try {
    return jsonOf(request);
  } catch (error) {
    const { message } = error as Error;
    throw new ApiProblem('invalid', `body: expected JSON: ${message}`, [
      { field: 'body', bound: 'JSON', value: message },
    ]);
  }
}

const said = (problem: Problem): ApiAnswer => ({
  statusCode: problem.status,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify(problem),
});
