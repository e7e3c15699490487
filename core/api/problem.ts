import * as z from 'zod';
import { type Path, show, showPath } from '../settings/problem.ts';

/** Errors of the API: `application/problem+json` as RFC 9457 has it, with what is wrong per field. */

export const PROBLEM_TYPES = {
  invalid: { status: 400, title: 'The request is not as the document says' },
  'not-found': { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'The state of the service does not allow it' },
  'in-progress': { status: 409, title: 'A request with this idempotency key is being worked on' },
  refused: { status: 422, title: 'The request cannot be met' },
  'key-reused': { status: 422, title: 'The idempotency key was used for another request' },
  internal: { status: 500, title: 'An unexpected error' },
} as const;

export type ProblemType = keyof typeof PROBLEM_TYPES;

const fieldSchema = z
  .object({
    field: z.string().meta({ description: 'Path of the field.', example: 'body.resourceRequest.slices' }),
    bound: z.string().meta({ description: 'What was expected.', example: 'at most 4' }),
    value: z.string().meta({ description: 'What was there.', example: '9' }),
  })
  .meta({ id: 'FieldProblem' });

export type FieldProblem = z.infer<typeof fieldSchema>;

export const problemSchema = z
  .object({
    type: z.enum(Object.keys(PROBLEM_TYPES).map((name) => `urn:foreshard:problem:${name}`)),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What went wrong here, for people.' }),
    instance: z.string().optional().meta({ description: 'Id of the request; the log has it too.' }),
    errors: z.array(fieldSchema).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' });

export type Problem = z.infer<typeof problemSchema>;

/** Thrown by an operation that cannot be done; becomes the answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly type: ProblemType;
  readonly errors: readonly FieldProblem[];

  constructor(type: ProblemType, detail: string, errors: readonly FieldProblem[] = []) {
    super(detail);
    this.type = type;
    this.errors = errors;
  }
}

export function problemOf(error: ApiProblem, instance?: string): Problem {
  const { status, title } = PROBLEM_TYPES[error.type];
  return {
    type: `urn:foreshard:problem:${error.type}`,
    title,
    status,
    detail: error.message,
    ...(instance !== undefined && { instance }),
    ...(error.errors.length > 0 && { errors: [...error.errors] }),
  };
}

/** A field that is not as it has to be. */
export function wrongField(type: ProblemType, field: string, bound: string, value: unknown): ApiProblem {
  const got = show(value);
  return new ApiProblem(type, `${field}: expected ${bound}, got ${got}`, [{ field, bound, value: got }]);
}

/**
 * A part of a request as its schema has it.
 * @param part `path`, `query`, `body` or `headers`; the first part of each field's path
 * @throws {ApiProblem} `invalid`, one error per field
 */
export function parsePart<S extends z.ZodType>(part: string, schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    field: showPath([part, ...(path as Path)]),
    bound: message,
    value: show(valueAt(value, path)),
  }));
  const [first] = errors;
  throw new ApiProblem('invalid', `${first!.field}: ${first!.bound}, got ${first!.value}`, errors);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
