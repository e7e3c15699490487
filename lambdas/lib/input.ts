import { parse } from '@aws-lambda-powertools/parser';
import type { z } from 'zod';
import { type Path, show, showPath } from '../../core/settings/problem.ts';

/** Thrown for an event that a function cannot work with. Each line names field, bound and value. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/**
 * The event, as its schema describes it.
 * @throws {BadInput} `input of claim-slice: move.slice: expected string, …, got nothing`, one line per problem.
 */
export function parseInput<S extends z.ZodType>(name: string, schema: S, event: unknown): z.output<S> {
  const result = parse(event, undefined, schema, true);
  if (result.success) return result.data as z.output<S>;
  const issues = (result.error.cause ?? []) as readonly z.core.$ZodIssue[];
  throw new BadInput(
    issues
      .map(({ path, message }) => {
        const where = path.length === 0 ? 'event' : showPath(path as Path);
        return `input of ${name}: ${where}: ${message}, got ${show(valueAt(event, path))}`;
      })
      .join('\n'),
  );
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
