/** One effect that did not happen. Partial success is a value: the rest of a flow's work stands. */
export interface Failure {
  /** What was tried, e.g. `start steady × 3` or `deregister i-1:8080`. */
  readonly what: string;
  readonly error: string;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Does one thing and records in `failures` that it failed. */
export async function attempt(
  failures: Failure[],
  what: string,
  work: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    failures.push({ what, error: messageOf(error) });
    return false;
  }
}
