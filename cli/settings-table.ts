import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type JsonSchema, settingsJsonSchema } from '../core/settings/json-schema.ts';

/** `node cli/settings-table.ts [FILE]`: writes docs/settings.md, every setting as the schema has it. */

export const SETTINGS_TABLE = join(import.meta.dirname, '..', 'docs', 'settings.md');

interface Row {
  readonly path: string;
  readonly what: string;
  readonly takes: string;
  readonly fallback: string;
}

/** The page's text. Made from the schema alone, so that it cannot say anything else. */
export function renderSettingsTable(schema: JsonSchema = settingsJsonSchema()): string {
  const sections = new Map<string, Row[]>();
  for (const row of rowsOf(schema, '', undefined)) {
    const top = /^[a-zA-Z]+/.exec(row.path)![0];
    sections.set(top, [...(sections.get(top) ?? []), row]);
  }
  const parts = [...sections].map(([top, rows]) => {
    const about = schema.properties?.[top]?.description ?? '';
    const lines = rows.map(
      ({ path, what, takes, fallback }) => `| \`${path}\` | ${what} | ${takes} | ${fallback} |`,
    );
    return [
      `## ${top}`,
      '',
      about,
      '',
      '| field | what it is | takes | default |',
      '|---|---|---|---|',
      ...lines,
    ].join('\n');
  });
  return `# Settings

One YAML file per service. Durations are seconds, shares are from 0 to 1, money is in $; load is in the shard's own unit.
Editors know all of this from \`schema/settings.schema.json\`: put \`# yaml-language-server: $schema=…\` on the first line.
What holds between fields (a guarantee not above a maximum, say) is checked when the file is read, and named by line.
\`npx foreshard init --load FILE\` writes a first file from a load history; \`examples/shop.yaml\` is one with comments.

This page is made by \`npm run docs:settings\` from \`core/settings/schema.ts\`.

${parts.join('\n\n')}
`;
}

function rowsOf(schema: JsonSchema, path: string, above: unknown): Row[] {
  if (schema.anyOf?.some(({ properties }) => properties)) return unionRows(schema, path);
  if (schema.properties) {
    const given = (above ?? schema.default) as Readonly<Record<string, unknown>> | undefined;
    return Object.entries(schema.properties).flatMap(([key, one]) => {
      const inner = path === '' ? key : `${path}.${key}`;
      const needed = schema.required?.includes(key) ?? false;
      const nested = one.properties ?? one.anyOf?.find(({ properties }) => properties);
      const rows = nested === undefined ? [leaf(one, inner, needed, given?.[key])] : [];
      // A mapping that may be left out whole says so in a line of its own.
      if (nested !== undefined && !needed && one.default === undefined)
        rows.push(leaf(one, inner, false, undefined));
      // What a group deep inside is for stands nowhere else.
      const below = rowsOf(one, inner, given?.[key]);
      const about = nested !== undefined && path.includes('.') ? one.description : undefined;
      return [
        ...rows,
        ...(about ? below.map((row) => ({ ...row, what: `${cell(about)} ${row.what}` })) : below),
      ];
    });
  }
  return schema.items?.properties ? rowsOf(schema.items, `${path}[]`, undefined) : [];
}

function unionRows(schema: JsonSchema, path: string): Row[] {
  return schema.anyOf!.flatMap((branch) =>
    Object.entries(branch.properties ?? {}).map(([key, one]) => {
      const others = Object.keys(branch.properties ?? {}).filter((other) => other !== key);
      const row = leaf(one, `${path}.${key}`, false, undefined);
      return { ...row, fallback: others.length > 0 ? `with ${others.join(', ')}` : '' };
    }),
  );
}

function leaf(schema: JsonSchema, path: string, needed: boolean, above: unknown): Row {
  const value = above ?? schema.default;
  const fallback = needed ? '**required**' : value === undefined ? '' : `\`${JSON.stringify(value)}\``;
  return { path, what: cell(schema.description ?? ''), takes: cell(describe(schema)), fallback };
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

if (import.meta.main) writeFileSync(process.argv[2] ?? SETTINGS_TABLE, renderSettingsTable());
