/** Data of a machine: what JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Thrown for a path that leads nowhere, as Step Functions does; it cannot be caught by the machine. */
export class PathMissing extends Error {
  override readonly name = 'States.Runtime';
}

const STEP = /^(?:\.([A-Za-z_][\w]*)|\[(\d+)\])/;

/** The keys of a reference path: `$.a.b[0]` → a, b, 0. @throws {RangeError} for what is more than that. */
export function keysOf(path: string): readonly (string | number)[] {
  const keys: (string | number)[] = [];
  let rest = path.startsWith('$') ? path.slice(1) : undefined;
  while (rest !== undefined && rest !== '') {
    const step = STEP.exec(rest);
    if (step === null) {
      rest = undefined;
      break;
    }
    keys.push(step[1] ?? Number(step[2]));
    rest = rest.slice(step[0].length);
  }
  if (rest === undefined) throw new RangeError(`path: expected $.name.name[0], got ${path}`);
  return keys;
}

/** What the path leads to, or undefined. `$$` begins at the context. */
export function find(path: string, data: Json, context: Json = null): Json | undefined {
  const inContext = path.startsWith('$$');
  let value: Json | undefined = inContext ? context : data;
  for (const key of keysOf(inContext ? path.slice(1) : path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string | number, Json>>)[key];
  }
  return value;
}

/** @throws {PathMissing} */
export function read(path: string, data: Json, context: Json = null): Json {
  const value = find(path, data, context);
  if (value === undefined) throw new PathMissing(`path ${path} leads nowhere in ${JSON.stringify(data)}`);
  return value;
}

/** A payload template: keys that end in `.$` are paths, all else is as it is. */
export function fill(template: unknown, data: Json, context: Json): Json {
  if (Array.isArray(template)) return template.map((one) => fill(one, data, context));
  if (typeof template !== 'object' || template === null) return template as Json;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith('.$')
        ? [key.slice(0, -2), read(value as string, data, context)]
        : [key, fill(value, data, context)],
    ),
  );
}

/** The state's input with its result put where ResultPath says: `$` (default) is the result alone, null the input alone. */
export function place(path: string | null | undefined, data: Json, result: Json): Json {
  if (path === null) return data;
  const put = (into: Json | undefined, keys: readonly (string | number)[]): Json => {
    const [key, ...rest] = keys;
    if (key === undefined) return result;
    const held = typeof into === 'object' && into !== null ? (into as Readonly<Record<string, Json>>) : {};
    return { ...held, [key]: put(held[key], rest) };
  };
  return put(data, keysOf(path ?? '$'));
}
