import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { changes, type Operation, TAGS } from '../../core/api/operation.ts';
import { OPERATIONS } from '../../core/api/operations.ts';
import { PROBLEM_TYPES, type ProblemType, problemSchema } from '../../core/api/problem.ts';

/** The header under which a change may be repeated. */
export const idempotencyKey = z
  .string()
  .regex(/^[!-~]{1,128}$/, 'expected 1–128 printable characters without blanks')
  .optional()
  .meta({
    description:
      'A repeat under the same key within a day is answered like the first one and does nothing; with another request it is refused.',
  });

/** What the gateway answers by itself. */
const gatewaySchema = z.object({ message: z.string().nullable() }).meta({ id: 'GatewayMessage' });
const gateway = (description: string) => ({
  description,
  content: { 'application/json': { schema: gatewaySchema } },
});

const problem = (types: readonly ProblemType[]) => ({
  description: types.map((type) => PROBLEM_TYPES[type].title).join('; '),
  content: { 'application/problem+json': { schema: problemSchema } },
});

/** The OpenAPI document of all operations. @param url where the API is */
export function documentOf(url: string) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [operationId, operation] of Object.entries(OPERATIONS)) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method.toLowerCase()] = operationOf(operationId, operation);
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Foreshard',
      version: '1',
      description:
        'Shards of one service: what they have and why, what an interruption would cost, reserves, hand-overs, and shards inside an instance. Every request is signed (AWS Signature Version 4) for the service `execute-api`.',
    },
    servers: [{ url }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ sigv4: [] }],
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          description: 'AWS Signature Version 4',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
    },
  });
}

function operationOf(operationId: string, operation: Operation): ZodOpenApiOperationObject {
  const { tag, summary, description, params, query, body, status, response } = operation;
  const requestParams = {
    ...(params && { path: params }),
    ...(query && { query }),
    ...(changes(operation) && { header: z.object({ 'idempotency-key': idempotencyKey }) }),
  };
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description && { description }),
    requestParams,
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [status]: { description: summary, content: { 'application/json': { schema: response } } },
      ...problemsOf(operation),
      403: gateway('Not signed, or not allowed to'),
      429: gateway('Too many requests'),
    },
  };
}

function problemsOf(operation: Operation) {
  const { params, query, body, problems } = operation;
  const types = new Set<ProblemType>([...problems, 'internal']);
  if (params ?? query ?? body ?? changes(operation)) types.add('invalid');
  if (changes(operation)) for (const type of ['in-progress', 'key-reused'] as const) types.add(type);
  const byStatus = Map.groupBy(types, (type) => PROBLEM_TYPES[type].status);
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, problem(some)]));
}
