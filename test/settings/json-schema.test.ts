import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCHEMA_FILE } from '../../cli/schema.ts';
import {
  describe as inWords,
  type JsonSchema,
  renderJsonSchema,
  schemaAt,
  settingsJsonSchema,
} from '../../core/settings/json-schema.ts';

describe('the JSON Schema', () => {
  it('that is committed is the one that is generated (`npx foreshard schema`)', () => {
    expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(renderJsonSchema());
  });

  it('asks only for what has no default', () => {
    expect(settingsJsonSchema().required).toEqual(['service', 'shards', 'fleet']);
    expect(schemaAt(['shards', 0])?.required).toEqual(['name', 'capacity']);
  });

  it('describes every field', () => {
    const bare: string[] = [];
    const walk = (schema: JsonSchema, path: string) => {
      for (const branch of schema.anyOf ?? [schema]) {
        if (branch.items) walk(branch.items, `${path}[]`);
        for (const [key, field] of Object.entries(branch.properties ?? {})) {
          if (!field.description) bare.push(`${path}.${key}`);
          walk(field, `${path}.${key}`);
        }
      }
    };
    walk(settingsJsonSchema(), '');
    expect(bare).toEqual([]);
  });

  it('says bounds in words', () => {
    const words = (...path: (string | number)[]) => inWords(schemaAt(path)!);
    expect(words('fleet', 'spotShare')).toBe('a number from 0 to 1');
    expect(words('shards', 0, 'standby', 'wakeAbove')).toBe('a number of at least 0');
    expect(words('fleet', 'instanceTypes', 0, 'weight')).toBe('a number above 0 and at most 64');
    expect(words('calendar', 0, 'repeat')).toBe('one of never, daily, weekly, monthly, yearly');
    expect(words('shards', 0, 'route', 'host')).toBe('text of 1 to 128 characters');
    expect(schemaAt(['shards', 0, 'toString'])).toBeUndefined();
  });
});
