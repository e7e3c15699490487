import * as z from 'zod';
import { settingsSchema } from './schema.ts';

/** The part of JSON Schema that `z.toJSONSchema` makes of {@link settingsSchema}. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

let cached: JsonSchema | undefined;

/** JSON Schema (draft 7, which editors know best) of a settings file as it is written: what has a default may be left out. */
export function settingsJsonSchema(): JsonSchema {
  cached ??= {
    title: 'Foreshard settings',
    ...z.toJSONSchema(settingsSchema, { io: 'input', target: 'draft-07' }),
  } as JsonSchema;
  return cached;
}

/** The schema's text as it is committed: `schema/settings.schema.json`. */
export function renderJsonSchema(): string {
  return `${JSON.stringify(settingsJsonSchema(), undefined, 2)}\n`;
}

/** The schema at a path; `undefined` where the path leads nowhere. Branches of a union are searched in order. */
export function schemaAt(path: readonly PropertyKey[], from = settingsJsonSchema()): JsonSchema | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return from;
  for (const branch of from.anyOf ?? [from]) {
    const next =
      typeof first === 'number'
        ? branch.items
        : Object.hasOwn(branch.properties ?? {}, first)
          ? branch.properties?.[String(first)]
          : undefined;
    if (next) return schemaAt(rest, next);
  }
  return undefined;
}

/** Keys that a mapping of this schema may have, those of all its branches. */
export function knownKeys(schema: JsonSchema): string[] {
  return (schema.anyOf ?? [schema]).flatMap((branch) => Object.keys(branch.properties ?? {}));
}

/** What the schema allows, in words with its bounds: `an integer from 0 to 1000`. */
export function describe(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describe).join(' or ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `an integer${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'string':
      return schema.maxLength === undefined
        ? 'text'
        : `text of ${schema.minLength ?? 0} to ${schema.maxLength} characters`;
    case 'array':
      return `a list of ${schema.minItems ?? 0}${schema.maxItems === undefined ? ' or more' : ` to ${schema.maxItems}`} entries`;
    default:
      return schema.required?.length
        ? `a mapping with ${schema.required.join(' and ')}`
        : `a mapping of ${knownKeys(schema).join(', ')}`;
  }
}

function range({ minimum, exclusiveMinimum, maximum: high }: JsonSchema): string {
  const low = exclusiveMinimum ?? minimum;
  // zod writes the safe integers as bounds where there is none.
  const bounded = high !== undefined && high < Number.MAX_SAFE_INTEGER;
  if (exclusiveMinimum !== undefined) return ` above ${low}${bounded ? ` and at most ${high}` : ''}`;
  if (low !== undefined) return bounded ? ` from ${low} to ${high}` : ` of at least ${low}`;
  return bounded ? ` of at most ${high}` : '';
}
