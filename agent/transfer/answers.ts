import { CopyError, type CopyErrorCode } from './errors.ts';

/** Codes that may come from the other agent. */
const CODES: readonly CopyErrorCode[] = ['sink', 'corrupt', 'protocol', 'aborted', 'lost'];
/** Longest message that is passed on (characters); an application may say anything. */
const MOST_TEXT = 2000;

/** What an answer says of how it went. */
export const problemOf = (error: CopyError | undefined): object =>
  error === undefined ? {} : { error: { code: error.code, message: error.message.slice(0, MOST_TEXT) } };

/** The other agent's error; undefined when all went well. */
export function answeredError({ error }: Readonly<Record<string, unknown>>): CopyError | undefined {
  if (error === undefined) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return new CopyError(CODES.find((known) => known === code) ?? 'protocol', String(message));
}
