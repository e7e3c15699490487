import { wrongField } from '../../core/api/problem.ts';

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * One page of items in the order of their keys. The cursor holds the last key of its page, so that what is added or
 * removed between two pages shifts nothing.
 * @param keyOf unique among the items, which come ascending by it
 * @throws {ApiProblem} on a cursor that none of ours is
 */
export function pageOf<T>(
  items: readonly T[],
  { limit, cursor }: PageQuery,
  keyOf: (item: T) => string,
): { items: T[]; next?: string } {
  const after = cursor === undefined ? undefined : decode(cursor);
  const left = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = left.slice(0, limit);
  return { items: page, ...(left.length > limit && { next: encode(keyOf(page.at(-1)!)) }) };
}

/** In front of each key, so that any text is not taken for a cursor. */
const MARK = 'after:';
const encode = (key: string) => Buffer.from(MARK + key).toString('base64url');

function decode(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  const key = text.slice(MARK.length);
  if (!text.startsWith(MARK) || encode(key) !== cursor)
    throw wrongField('invalid', 'query.cursor', '`next` of the page before', cursor);
  return key;
}

/** Ascending by their keys, as the table sorts. */
export const sortedBy = <T>(items: readonly T[], keyOf: (item: T) => string): T[] =>
  [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
