import { parseSettings } from '../../core/settings/parse.ts';
import { SettingsError } from '../../core/settings/problem.ts';

/** A small file that is right; tests break it. */
export const GOOD = `service: shop
shards:
  - name: catalog
    capacity: { perInstance: 100 }
  - name: search
    capacity:
      perInstance: 50
      unit: queries/s
fleet:
  max: 40
`;

/** The good file with one line replaced by others (or, without `by`, left out); the rest keeps its place above it. */
export function withLine(line: string, by: string): string {
  if (!GOOD.includes(line)) throw new Error(`no such line in the sample: ${line}`);
  return GOOD.replace(line, by);
}

/** What is wrong with a file named `shop.yaml`. */
export function problemsOf(text: string): readonly string[] {
  try {
    parseSettings(text, 'shop.yaml');
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

/** 101 shards. */
export const manyShards = (route: (i: number) => string) =>
  `service: s\nfleet: { max: 1000 }\nshards:\n${Array.from({ length: 101 }, (_, i) => `  - { name: s${i}, capacity: { perInstance: 1 }${route(i)} }\n`).join('')}`;
