import { CommanderError } from 'commander';

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A mistake that was made in thousands of shards need not be read thousands of times. */
const SHOWN = 50;

/**
 * Says what went wrong on stderr, one line (settings: one line per problem), and returns the exit code: 2 for wrong
 * usage, else 1. `FORESHARD_DEBUG=1` adds the stack.
 */
export function fail(
  error: unknown,
  write: (text: string) => void = (text) => process.stderr.write(text),
): number {
  const usage = error instanceof UsageError || error instanceof CommanderError;
  for (const line of linesOf(error)) write(`foreshard: ${line}\n`);
  if (process.env.FORESHARD_DEBUG === '1' && error instanceof Error) write(`${error.stack}\n`);
  return usage ? 2 : 1;
}

function linesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  if ('problems' in error && Array.isArray(error.problems)) {
    const { length } = error.problems;
    const shown = error.problems.slice(0, SHOWN).map(String);
    return length > SHOWN ? [...shown, `… and ${length - SHOWN} more problems`] : shown;
  }
  const message = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  return [message || error.name];
}
