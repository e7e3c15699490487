import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { crossCheck } from './check.ts';
import { problemsOf } from './issues.ts';
import { oneLine, type Path, type Problem, SettingsError, showPath } from './problem.ts';
import { type Settings, settingsSchema } from './schema.ts';

/**
 * Reads one settings file.
 * @param text the YAML text
 * @param file its name, for messages only
 * @throws {SettingsError} with all that is wrong, one line each, `FILE:LINE: FIELD.PATH: expected BOUND, got VALUE`.
 *   Problems between fields are looked for once each field alone is right.
 */
export function parseSettings(text: string, file: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    throw new SettingsError(
      syntax.map((error) => `${file}:${lineOf(lines, error.pos[0])}: ${yamlMessage(error, text)}`),
    );
  }
  const value = plain(document, lines, file);
  const fail = (problems: readonly Problem[]): never => {
    const placed = problems.map((problem) => ({ problem, line: locate(document, lines, problem) }));
    placed.sort((a, b) => a.line - b.line);
    throw new SettingsError(
      placed.map(
        ({ problem, line }) =>
          `${file}:${line}: ${showPath(problem.path)}: expected ${problem.expected}, got ${problem.got}`,
      ),
    );
  };
  if (value === null || value === undefined) {
    return fail([{ path: [], expected: 'a mapping with service, shards and fleet', got: 'an empty file' }]);
  }
  const result = settingsSchema.safeParse(value);
  if (!result.success) return fail(problemsOf(result.error.issues, value));
  const problems = crossCheck(result.data);
  return problems.length > 0 ? fail(problems) : result.data;
}

function plain(document: Document, lines: LineCounter, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases only: to nothing, or so many that they explode (the library's bound stands).
    let line = 1;
    visit(document, {
      Alias(_, alias) {
        if (alias.resolve(document)) return undefined;
        line = lineOf(lines, startOf(alias) ?? 0);
        return visit.BREAK;
      },
    });
    throw new SettingsError([`${file}:${line}: not valid YAML: ${oneLine((error as Error).message)}`]);
  }
}

function yamlMessage(
  error: { code: string; message: string; pos: readonly [number, number] },
  text: string,
): string {
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[\w-]+/.exec(text.slice(error.pos[0]))?.[0] ?? '?';
    return `${key}: expected each key once, got it twice`;
  }
  return `not valid YAML: ${oneLine(error.message)}`;
}

function lineOf(lines: LineCounter, offset: number): number {
  return Math.max(1, lines.linePos(offset).line);
}

/** Line of the value at a path or, of a key that is missing or unknown, of the deepest part that is there. */
function locate(document: Document, lines: LineCounter, { path }: { path: Path }): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (!pair) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return lineOf(lines, offset);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
