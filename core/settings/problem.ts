/** Where in the settings: keys and list positions from the top. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, without its place in the file. */
export interface Problem {
  readonly path: Path;
  /** What would be right, as a noun phrase: `an integer from 0 to 1000`. */
  readonly expected: string;
  /** The value as it should be shown; see {@link show}. */
  readonly got: string;
}

/** Thrown for a wrong settings file. `problems` and the lines of `message` read `FILE:LINE: FIELD.PATH: expected BOUND, got VALUE`. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** `shards[2].capacity.perInstance` */
export function showPath(path: Path): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
  return text === '' ? 'settings' : oneLine(text);
}

/** A value on one line, short enough for a message. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'number' ? String(value) : asJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Only a cycle cannot be written; an alias inside its own anchor makes one.
    return 'a value that contains itself';
  }
}

/** Messages of the parser may quote the file: no line break may get through. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
