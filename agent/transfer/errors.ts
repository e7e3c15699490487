/**
 * - `unreachable`: nothing answers at the address; another way may be tried.
 * - `refused`: the other agent does not know the hand-over, or has another secret.
 * - `lost`: the connection is gone for longer than the patience, or the other agent has forgotten the copy.
 * - `source`, `sink`: an application failed; the message is its own.
 * - `corrupt`: bytes are not those that were sent.
 * - `protocol`: the other agent says what it must not.
 * - `aborted`: one side gave up.
 */
export type CopyErrorCode =
  | 'unreachable'
  | 'refused'
  | 'lost'
  | 'source'
  | 'sink'
  | 'corrupt'
  | 'protocol'
  | 'aborted';

export class CopyError extends Error {
  override readonly name = 'CopyError';
  readonly code: CopyErrorCode;

  constructor(code: CopyErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** One line. Of OpenSSL's errors only the reason: the rest is about its source. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { reason } = error as { reason?: unknown };
  return (typeof reason === 'string' ? reason : error.message).trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** What went wrong, as an error of the copy. */
export const copyError = (code: CopyErrorCode, error: unknown): CopyError =>
  error instanceof CopyError ? error : new CopyError(code, messageOf(error), error);
