import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { describe, knownKeys, schemaAt } from './json-schema.ts';
import { type Path, type Problem, show } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** Says each of zod's issues in our words, with the bound from the schema and the value from the file. */
export function problemsOf(issues: readonly Issue[], root: unknown): Problem[] {
  return issues.flatMap((issue) => problemOf(issue, issue.path as Path, root));
}

function problemOf(issue: Issue, path: Path, root: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key]));
  if (issue.code === 'invalid_union') return unionProblems(issue, path, root);
  const schema = schemaAt(path);
  const fromRegex = issue.code === 'invalid_format' && issue.format === 'regex';
  const expected = fromRegex ? issue.message : special(issue) || (schema ? describe(schema) : issue.message);
  return [{ path, expected, got: show(valueAt(root, path)) }];
}

/** Formats that JSON Schema's bounds do not say in words. */
function special(issue: Issue): string | undefined {
  if (issue.code !== 'invalid_format') return undefined;
  if (issue.format === 'datetime') return 'a stamp with offset such as 2026-01-05T06:15:00Z';
  if (issue.format === 'starts_with' && 'prefix' in issue) return `text that starts with "${issue.prefix}"`;
  return undefined;
}

function unknownKey(path: Path): Problem {
  const schema = schemaAt(path.slice(0, -1));
  const key = String(path.at(-1));
  const known = schema ? knownKeys(schema) : [];
  const nearest = known.length > 0 ? `, the nearest is "${closest(key, known)}"` : '';
  return { path, expected: `a known key${nearest}`, got: show(key) };
}

/**
 * A union tells what each of its branches has against the value. What helps is the branch that was meant: the one
 * with all its keys there and none too many. Without such a one: unknown keys if there are any, or all that is allowed.
 */
function unionProblems(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  root: unknown,
): Problem[] {
  const schema = schemaAt(path);
  const value = valueAt(root, path);
  const known = schema ? knownKeys(schema) : [];
  if (isMapping(value) && known.length > 0) {
    const unknown = Object.keys(value).filter((key) => !known.includes(key));
    if (unknown.length > 0) return unknown.map((key) => unknownKey([...path, key]));
    const meant = issue.errors.find((branch) =>
      branch.every((one) => one.path.length > 0 && valueAt(value, one.path as Path) !== undefined),
    );
    if (meant) return meant.flatMap((one) => problemOf(one, [...path, ...(one.path as Path)], root));
  }
  return [{ path, expected: schema ? describe(schema) : issue.message, got: show(value) }];
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
