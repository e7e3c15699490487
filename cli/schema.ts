import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { renderJsonSchema } from '../core/settings/json-schema.ts';

/** Where the generated schema is committed. */
export const SCHEMA_FILE = join(import.meta.dirname, '..', 'schema', 'settings.schema.json');

export function configure(command: Command): void {
  command
    .option('--out <file>', 'where to write it', SCHEMA_FILE)
    .action(async ({ out }: { out: string }) => {
      await mkdir(dirname(out), { recursive: true });
      await writeFile(out, renderJsonSchema());
      process.stderr.write(`wrote ${out}\n`);
    });
}
