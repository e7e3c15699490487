import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderEventDocs } from '../../cli/event-schemas.ts';
import { eventJsonSchema } from '../../core/events/json-schema.ts';
import { EVENTS, type EventType } from '../../core/events/vocabulary.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TYPES = Object.keys(EVENTS) as EventType[];

/** Types that the code publishes, by `event('…'` in the sources. */
function published(): Set<string> {
  const listed = execFileSync(
    'git',
    ['ls-files', '-co', '--exclude-standard', 'core', 'flows', 'adapters', 'lambdas', 'cli'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  const files = listed.split('\n').filter((file) => file.endsWith('.ts'));
  const found = files.flatMap((file) => [
    ...readFileSync(join(ROOT, file), 'utf8').matchAll(/\bevent\(\s*'(\w+)'/g),
  ]);
  return new Set(found.map(([, type]) => type!));
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}

describe('the vocabulary of events', () => {
  it('has every event that the code publishes, and no other', () => {
    expect([...published()].sort()).toEqual([...TYPES].sort());
  });

  it('is documented: the committed files are what `node cli/event-schemas.ts` writes', () => {
    const docs = join(ROOT, 'docs');
    const files = renderEventDocs();
    for (const [path, text] of files) expect(readFileSync(join(docs, path), 'utf8'), path).toBe(text);
    expect(readdirSync(join(docs, 'events')).sort()).toEqual(TYPES.map((type) => `${type}.json`).sort());
  });

  it('describes every field', () => {
    const bare: string[] = [];
    const walk = (schema: Schema, path: string) => {
      if (schema.items) walk(schema.items, `${path}[]`);
      for (const branch of [schema, ...(schema.oneOf ?? [])])
        for (const [key, field] of Object.entries(branch.properties ?? {})) {
          if (!field.description) bare.push(`${path}.${key}`);
          walk(field, `${path}.${key}`);
        }
    };
    for (const type of TYPES) walk(eventJsonSchema(type) as Schema, type);
    expect(bare).toEqual([]);
  });

  it('asks for service and time in every schema, and lets fields be added', () => {
    for (const type of TYPES) {
      const schema = eventJsonSchema(type);
      expect(schema.required).toEqual(expect.arrayContaining(['service', 'at']));
      expect(schema.additionalProperties).toBeUndefined();
    }
  });
});
